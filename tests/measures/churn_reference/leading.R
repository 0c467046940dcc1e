# Makes leading_customers.csv, leading_steps.csv and leading_reference.csv: Rscript leading.R (R 4.2.2, survival 3.5-3)
# Every customer is laid out day by day; whether it is exposed is asked of its steps on each day anew.
library(survival)
set.seed(20260)
size <- 160
names <- c("call", "chat", "complaint")
customers <- data.frame(
  customer_id = sprintf("c%03d", 1:size),
  entry_day = ifelse(runif(size) < 0.4, sample(1:25, size, replace = TRUE), 0),
  plan = sample(c("annual", "monthly"), size, replace = TRUE)
)
customers$day <- customers$entry_day + sample(1:45, size, replace = TRUE)
customers$has_left <- rbinom(size, 1, 0.6)
# Days are the customer's own, day 1 the first; steps also stand before it is followed, and after.
many <- rpois(size, 5) + 1
steps <- data.frame(customer_id = rep(customers$customer_id, many), on_day = NA, touchpoint = "")
end <- rep(customers$day, many)
steps$on_day <- floor(runif(nrow(steps), -12, end + 6))
steps$touchpoint <- sample(names, nrow(steps), replace = TRUE, prob = c(0.5, 0.3, 0.2))
steps <- steps[order(steps$customer_id, steps$on_day), ]
# A journey goes on where the step before is at most three days ago.
same <- c(FALSE, steps$customer_id[-1] == steps$customer_id[-nrow(steps)])
near <- c(FALSE, diff(steps$on_day) <= 3)
before <- c(NA, steps$touchpoint[-nrow(steps)])
steps$previous_touchpoint <- ifelse(same & near, before, NA)
write.csv(customers, "leading_customers.csv", row.names = FALSE, quote = FALSE)
write.csv(steps, "leading_steps.csv", row.names = FALSE, quote = FALSE, na = "")

days <- do.call(rbind, lapply(1:size, function(i) {
  one <- customers[i, ]
  k <- (one$entry_day + 1):one$day
  data.frame(customer_id = one$customer_id, plan = one$plan, day = k, left = one$has_left * (k == one$day))
}))
exposed <- function(those, within) {
  mapply(function(who, k) {
    on <- those$on_day[those$customer_id == who]
    as.integer(any(on <= k - 1 & on >= k - within))
  }, days$customer_id, days$day)
}
control <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)
told <- NULL
tell <- function(of, path, within, those) {
  days$x <- exposed(those, within)
  days$any <- exposed(steps, within)
  met <- tapply(days$x, days$customer_id, max)
  forms <- list(plain = Surv(day - 1, day, left) ~ x, plan = Surv(day - 1, day, left) ~ x + strata(plan))
  for (strata in names(forms)) {
    fit <- coxph(forms[[strata]], data = days, ties = "efron", control = control)
    active <- coxph(forms[[strata]], data = days[days$any == 1, ], ties = "efron", control = control)
    group <- paste(if (strata == "plan") days$plan else "", days$day)
    expected <- sum(tapply(days$left, group, sum) * tapply(days$x, group, mean))
    told <<- rbind(told, data.frame(
      of = of, path = path, within_days = within, strata = strata, n = sum(met), left = sum(days$left * days$x),
      days = sum(days$x), expected = sprintf("%.12g", expected), coef = sprintf("%.12g", coef(fit)),
      error = sprintf("%.12g", sqrt(vcov(fit))), p = sprintf("%.12g", summary(fit)$coefficients[, "Pr(>|z|)"]),
      active = sprintf("%.12g", coef(active)), active_error = sprintf("%.12g", sqrt(vcov(active)))
    ))
  }
}
for (within in c(5, 12)) for (one in names) tell("touchpoint", one, within, steps[steps$touchpoint == one, ])
pairs <- steps[!is.na(steps$previous_touchpoint), ]
pairs$path <- paste(pairs$previous_touchpoint, pairs$touchpoint, sep = " > ")
for (one in c("call > call", "call > chat", "chat > call")) tell("path", one, 12, pairs[pairs$path == one, ])
write.csv(told, "leading_reference.csv", row.names = FALSE, quote = FALSE)
