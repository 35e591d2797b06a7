-- Sums of the whole county by month, one row each ('**' for every category, area and town), beside those that they add
-- up: summaries by month of a county read them, where they read a row for each village before. And handling times are
-- found by town, of which '**' is one.
INSERT INTO case_count (category, period, path,
  reports, decided_reports, registered_reports, valid_reports, rejected_reports, merged_reports,
  withdrawn_reports, dated_reports, late_reports, registered, void, merged_cases, spot_closed, closed,
  suspended, transferred, rectified, closed_on_time, dispatched, handled, handled_on_time,
  handled_on_time_extended, extended, extended_handling_due, once_fed_back, checked, reworked, reworked_due,
  site_closed, drawn, rechecked, recheck_failed, supervised, supervised_closed, reopened, recurrent, came_back,
  late_returns, filled_in_time, relaxed, filed_replies, carried, carried_closed, carried_dropped, handled_s,
  lag_s, dispatches, sent_in_vain, returns, closed_in_period, stock, limits, limits_closed)
SELECT '**', period, '**',
  SUM(reports), SUM(decided_reports), SUM(registered_reports), SUM(valid_reports), SUM(rejected_reports),
  SUM(merged_reports), SUM(withdrawn_reports), SUM(dated_reports), SUM(late_reports), SUM(registered),
  SUM(void), SUM(merged_cases), SUM(spot_closed), SUM(closed), SUM(suspended), SUM(transferred), SUM(rectified),
  SUM(closed_on_time), SUM(dispatched), SUM(handled), SUM(handled_on_time), SUM(handled_on_time_extended),
  SUM(extended), SUM(extended_handling_due), SUM(once_fed_back), SUM(checked), SUM(reworked), SUM(reworked_due),
  SUM(site_closed), SUM(drawn), SUM(rechecked), SUM(recheck_failed), SUM(supervised), SUM(supervised_closed),
  SUM(reopened), SUM(recurrent), SUM(came_back), SUM(late_returns), SUM(filled_in_time), SUM(relaxed),
  SUM(filed_replies), SUM(carried), SUM(carried_closed), SUM(carried_dropped), SUM(handled_s), SUM(lag_s),
  SUM(dispatches), SUM(sent_in_vain), SUM(returns), SUM(closed_in_period), SUM(stock), SUM(limits),
  SUM(limits_closed)
  FROM case_count
 WHERE category = '*' AND period < 1000000
 GROUP BY period;

INSERT INTO case_result (category, period, path, code, n)
SELECT '**', period, '**', code, SUM(n)
  FROM case_result
 WHERE category = '*' AND period < 1000000
 GROUP BY period, code;

INSERT INTO case_pace (month, town, bucket, n)
SELECT month, '**', bucket, SUM(n)
  FROM case_pace
 GROUP BY month, bucket;

DROP INDEX case_pace_month;
CREATE INDEX case_pace_town ON case_pace (town, month, bucket, n);
