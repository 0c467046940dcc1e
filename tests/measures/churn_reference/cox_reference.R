# Made the numbers of cox_reference.json: Rscript cox_reference.R > cox_reference.json (R 4.2.2, survival 3.5-3)
library(survival)
control <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)
rows <- read.csv("cox_start_stop.csv", stringsAsFactors = FALSE)
rows$plan <- relevel(factor(rows$plan), "monthly")
rows$contacts30 <- rows$contacts

# One row a customer: the first row's covariates, from the first entry to the last day.
first <- rows[!duplicated(rows$customer_id), ]
last <- rows[!duplicated(rows$customer_id, fromLast = TRUE), ]
whole <- first
whole$day <- last$day
whole$has_left <- last$has_left
times <- rep(seq_len(nrow(whole)), whole$weight)

text <- function(x) paste0("[", paste(sprintf("%.12g", x), collapse = ", "), "]")
matrix_text <- function(m) paste0("[", paste(apply(m, 1, text), collapse = ", "), "]")

told <- function(name, fit, frame) {
  km <- cox.zph(fit, transform = "km")$table
  identity <- cox.zph(fit, transform = "identity")$table
  curve <- survfit(fit, newdata = frame[1, , drop = FALSE], conf.type = "log-log")
  at <- summary(curve, times = 12)
  cat(sprintf('"%s": {"names": ["%s"],\n', name, paste(names(coef(fit)), collapse = '", "')))
  cat(sprintf(' "coef": %s,\n "loglik": %s,\n', text(coef(fit)), text(fit$loglik)))
  naive <- if (is.null(fit$naive.var)) vcov(fit) else fit$naive.var
  cat(sprintf(' "errors": %s,\n "robust": %s,\n', text(sqrt(diag(naive))),
              if (is.null(fit$naive.var)) "null" else text(sqrt(diag(vcov(fit))))))
  cat(sprintf(' "km": %s,\n "identity": %s,\n', matrix_text(km), matrix_text(identity)))
  cat(sprintf(' "still_12": %s}', text(c(at$surv, at$lower, at$upper))))
}

plain <- coxph(Surv(day, has_left) ~ arm + plan + age, whole, ties = "efron", control = control)
late <- coxph(Surv(entry_day, day, has_left) ~ arm + plan + age, whole, ties = "efron", control = control)
strata <- coxph(Surv(entry_day, day, has_left) ~ arm + plan + age + strata(region), whole, ties = "efron", control = control)
weights <- coxph(Surv(entry_day, day, has_left) ~ arm + plan + age, whole[times, ], ties = "efron", control = control)
startstop <- coxph(Surv(entry_day, day, has_left) ~ arm + plan + age + contacts, rows, ties = "efron",
                   cluster = customer_id, control = control)
both <- coxph(Surv(entry_day, day, has_left) ~ arm + contacts + strata(region), rows, ties = "efron",
              cluster = customer_id, control = control)
cat("{\n"); told("plain", plain, whole); cat(",\n"); told("late", late, whole); cat(",\n")
told("strata", strata, whole); cat(",\n"); told("weights", weights, whole); cat(",\n")
told("start_stop", startstop, rows); cat(",\n"); told("start_stop_strata", both, rows)

# The share still there on day 12 were everybody of each arm: a curve a profile, and their mean over customers.
arm <- coxph(Surv(entry_day, day, has_left) ~ arm, whole, ties = "efron", control = control)
at <- summary(survfit(arm, newdata = data.frame(arm = 0:1), conf.type = "log-log"), times = 12)
cat(sprintf(',\n"arm_12": [%s, %s],\n', text(c(at$surv[1], at$lower[1], at$upper[1])),
            text(c(at$surv[2], at$lower[2], at$upper[2]))))
mean_at <- function(fit, value) {
  mean(summary(survfit(fit, newdata = transform(whole, arm = value)), times = 12)$surv)
}
cat(sprintf('"standardised_12": %s,\n', text(c(mean_at(late, 0), mean_at(late, 1)))))

# Hazard ratios up to and with day 10, and after.
split <- survSplit(Surv(entry_day, day, has_left) ~ ., whole, cut = 10, episode = "band")
band <- function(one) {
  fit <- coxph(Surv(entry_day, day, has_left) ~ arm + age, split[split$band == one, ], ties = "efron", control = control)
  matrix_text(summary(fit)$conf.int[, c(1, 3, 4)])
}
cat(sprintf('"bands_10": [%s, %s],\n', band(1), band(2)))

# Nobody of plan "gold" leaves: what the other ratios come to.
gold <- whole
gold$plan <- as.character(gold$plan)
gold$plan[gold$region == "south" & gold$has_left == 0] <- "gold"
rest <- gold[gold$plan != "gold", ]
rest$plan <- relevel(factor(rest$plan), "monthly")
left <- coxph(Surv(day, has_left) ~ plan + age, rest, ties = "efron", control = control)
cat(sprintf('"gold": %s\n}\n', matrix_text(cbind(coef(left), sqrt(diag(vcov(left)))))))
