# Makes core_customers.csv, core_episodes.csv and core_reference.csv beside this file:  Rscript core.R
library(survival)
set.seed(20261122)
n <- 260
plan <- sample(c("annual", "monthly", "trial"), n, TRUE, c(.4, .35, .25))
region <- sample(c("north", "south"), n, TRUE)
pace <- c(annual = 60, monthly = 38, trial = 30)[plan] * ifelse(region == "north", 1.3, 1)
leaves <- ceiling(rexp(n) * pace)
stops <- sample(15:90, n, TRUE)
entry <- ifelse(runif(n) < .35, sample(1:12, n, TRUE), 0)
day <- pmin(leaves, stops); left <- as.integer(leaves <= stops)
cause <- ifelse(left == 1, sample(c("voluntary", "involuntary", "upgraded"), n, TRUE, c(.5, .3, .2)), "")
d <- data.frame(entry, day, left, cause, plan, region, many = sample(0:3, n, TRUE, c(.1, .5, .3, .1)),
                household = sample(1:110, n, TRUE))
d <- d[d$entry < d$day, ]
write.csv(d, "core_customers.csv", row.names = FALSE, quote = FALSE)

rows <- NULL
for (i in 1:90) {
  begin <- if (runif(1) < .2) sample(1:20, 1) else 0
  end <- begin + sample(30:120, 1); rate <- rgamma(1, 1.5, 1.5) / 25; at <- begin
  repeat {
    to <- at + ceiling(rexp(1) / rate)
    rows <- rbind(rows, data.frame(customer = i, start = at, stop = min(to, end), happened = as.integer(to <= end),
                                   plan = if (i %% 3) "annual" else "monthly"))
    if (to >= end) break
    at <- to
  }
}
write.csv(rows, "core_episodes.csv", row.names = FALSE, quote = FALSE)

out <- NULL
say <- function(case, quantity, group, cause, at, value)
  out <<- rbind(out, data.frame(case, quantity, group, cause, day = at, value = sprintf("%.12g", value)))
bare <- function(x) sub("^plan=", "", x)
groups <- function(f) bare(rep(if (is.null(f$strata)) "all" else names(f$strata), if (is.null(f$strata)) length(f$time) else f$strata))
curves <- function(case, f) {
  s <- f$n.event > 0
  for (q in c("surv", "lower", "upper", "n.risk", "cumhaz"))
    say(case, q, groups(f)[s], "", f$time[s], f[[q]][s])
}
u <- d[rep(seq_len(nrow(d)), d$many), ]                       # weight is replication
curves("weights", survfit(Surv(day, left) ~ plan, u, conf.type = "log-log"))
curves("entry", survfit(Surv(entry, day, left) ~ plan, d, conf.type = "log-log"))
f <- survfit(Surv(day, left) ~ plan, d, robust = TRUE); s <- f$n.event > 0
say("plain", "std.chaz", groups(f)[s], "", f$time[s], f$std.chaz[s])   # the jackknife's, which is the binomial one
for (p in unique(d$plan)) {
  t <- summary(survfit(Surv(entry, day, left) ~ 1, d[d$plan == p, ]), rmean = 40)$table
  say("entry", "rmst", p, "", 40, t["rmean"]); say("entry", "se(rmst)", p, "", 40, t["se(rmean)"])
}

# Log-rank: without entry by survdiff, with entry as the score test of the exact (discrete) partial likelihood.
test <- function(case, f) {
  o <- if (is.matrix(f$obs)) rowSums(f$obs) else f$obs; e <- if (is.matrix(f$exp)) rowSums(f$exp) else f$exp
  say(case, "observed", bare(names(f$n)), "", 0, o); say(case, "expected", bare(names(f$n)), "", 0, e)
  say(case, "chisq", "all", "", 0, f$chisq); say(case, "variance", "all", "", 0, f$var[1, 1])
}
test("test", survdiff(Surv(day, left) ~ plan, d))
test("test weights", survdiff(Surv(day, left) ~ plan, u))
test("test rho", survdiff(Surv(day, left) ~ plan, d, rho = 1))
test("test strata", survdiff(Surv(day, left) ~ plan + strata(region), d))
two <- d[d$plan != "trial", ]
test("test pair", survdiff(Surv(day, left) ~ plan, two))
test("test pair strata", survdiff(Surv(day, left) ~ plan + strata(region), two))
# (the latter of the first 80 customers: the exact likelihood is slow).
exact <- function(case, form, data)
  say(case, "chisq", "all", "", 0, coxph(form, data, ties = "exact", init = rep(0, length(unique(data$plan)) - 1),
                                         iter.max = 0)$score)
few <- d[1:80, ]
exact("test entry", Surv(entry, day, left) ~ plan, few)
exact("test entry strata", Surv(entry, day, left) ~ plan + strata(region), few)
exact("test entry pair", Surv(entry, day, left) ~ plan, few[few$plan != "trial", ])
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50)
ratio <- function(case, form)
  say(case, "ratio", "monthly", "", 0, exp(coef(coxph(form, two, ties = "breslow", control = tight))))
ratio("test pair", Surv(day, left) ~ I(plan == "monthly"))
ratio("test pair strata", Surv(day, left) ~ I(plan == "monthly") + strata(region))
ratio("test entry pair", Surv(entry, day, left) ~ I(plan == "monthly"))

# Competing causes: without entry by survfit; with entry its estimate, and Greenwood's variance as a product of matrices
# (Andersen, Borgan, Gill and Keiding 1993, equation 4.4.19).
causes <- c("voluntary", "involuntary", "upgraded")
d$why <- factor(ifelse(d$left == 1, d$cause, "censored"), c("censored", causes)); d$id <- seq_len(nrow(d))
f <- survfit(Surv(day, why) ~ plan, d, id = id); s <- rowSums(f$n.event) > 0
for (k in causes) {
  at <- which(f$states == k)
  say("causes", "pstate", groups(f)[s], k, f$time[s], f$pstate[s, at])
  say("causes", "std.err", groups(f)[s], k, f$time[s], f$std.err[s, at])
}
f <- survfit(Surv(entry, day, why) ~ plan, d, id = id); s <- rowSums(f$n.event) > 0
for (k in causes) say("causes entry", "pstate", groups(f)[s], k, f$time[s], f$pstate[s, which(f$states == k)])
for (p in unique(d$plan)) {
  part <- d[d$plan == p, ]; P <- diag(4); V <- matrix(0, 16, 16); I <- diag(4)
  for (t in sort(unique(part$day[part$left == 1]))) {
    Y <- sum(part$entry < t & part$day >= t); h <- sapply(causes, function(k) sum(part$day == t & part$why == k)) / Y
    A <- matrix(0, 4, 4); A[1, 2:4] <- h; A[1, 1] <- -sum(h)
    C <- matrix(0, 16, 16); place <- (0:3) * 4 + 1           # the first row of A, stacked by column
    full <- c(1 - sum(h), h); C[place, place] <- (diag(full) - outer(full, full)) / Y
    V <- kronecker(t(I + A), I) %*% V %*% kronecker(I + A, I) + kronecker(I, P) %*% C %*% kronecker(I, t(P))
    P <- P %*% (I + A)
    for (k in 1:3) say("causes entry", "std.err", p, causes[k], t, sqrt(V[k * 4 + 1, k * 4 + 1]))
  }
}

# Several customers of a household: the jackknife by household.
f <- survfit(Surv(entry, day, left) ~ 1, d, id = id, cluster = household); s <- f$n.event > 0
say("cluster", "std.err", "all", "", f$time[s], f$std.err[s]); say("cluster", "std.chaz", "all", "", f$time[s], f$std.chaz[s])
r <- residuals(f, times = 40, type = "rmst")
say("cluster", "se(rmst)", "all", "", 40, sqrt(sum(rowsum(as.vector(r), d$household)^2)))
f <- survfit(Surv(entry, day, why) ~ 1, d, id = id)
for (t in c(1, 2, 5, 10, 20, 30, 40)) {  # with several states, survfit's own errors are those by id: collapse them here
  r <- sqrt(colSums(rowsum(residuals(f, times = t, type = "pstate"), d$household)^2))
  for (k in causes) say("cluster", "std.err", "all", k, t, r[f$states == k])
}
z <- coxph(Surv(entry, day, left) ~ I(plan == "monthly") + strata(region), two, ties = "breslow", init = 0, iter.max = 0)
score <- residuals(z, "score")
say("cluster", "score", "monthly", "", 0, sum(score)); say("cluster", "score variance", "monthly", "", 0, sum(rowsum(score, two$household)^2))

# What happens again and again.
f <- survfit(Surv(start, stop, happened) ~ plan, rows, id = customer, cluster = customer); s <- f$n.event > 0
say("episodes", "cumhaz", groups(f)[s], "", f$time[s], f$cumhaz[s])
say("episodes", "std.chaz", groups(f)[s], "", f$time[s], f$std.chaz[s])
write.csv(out[out$day <= 45, ], "core_reference.csv", row.names = FALSE, quote = FALSE)
