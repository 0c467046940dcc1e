# Uno's concordance and the Brier score of a made-up forecast; see README-foretold.md. Rscript foretold.R > foretold.json
suppressMessages({library(survival); library(pec)})
rows <- read.csv("foretold_customers.csv")
days <- c(10, 20, 28)
# Who is censored on a day was there at its end: half a day later, so that R says so too.
rows$time <- rows$day + 0.5 * (rows$left == 0)
still <- function(day) (1 - rows$risk)^(day / 20)

told <- list()
for (day in days) {
  c <- concordance(Surv(time, left) ~ risk, rows, reverse = TRUE, timewt = "n/G2", ymax = day)
  harrell <- concordance(Surv(time, left) ~ risk, rows, reverse = TRUE, timewt = "n", ymax = day)
  found <- pec(list(m = sapply(0:day, still)), Surv(time, left) ~ 1, rows, times = 0:day, exact = FALSE,
               cens.model = "marginal", reference = FALSE, verbose = FALSE)
  told[[as.character(day)]] <- list(concordance = unname(c$concordance), harrell = unname(harrell$concordance),
                                    brier = found$AppErr$m[day + 1], integrated = mean(found$AppErr$m[-1]))
}
# Without censoring before day 5 the variance of the concordance is known (infinitesimal jackknife).
full <- subset(rows, left == 1)
full$risk <- round(full$risk, 6)
one <- concordance(Surv(day, left) ~ risk, full, reverse = TRUE, timewt = "n/G2", ymax = 20)
told$full <- list(concordance = unname(one$concordance), variance = unname(one$var), n = nrow(full))
cat("{\n", paste(sapply(names(told), function(k) sprintf('  "%s": {%s}', k,
  paste(sprintf('"%s": %.15g', names(told[[k]]), unlist(told[[k]])), collapse = ", "))), collapse = ",\n"), "\n}\n", sep = "")
