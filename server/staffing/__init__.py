"""Staffing: enrolment, moves, hand-overs of cases, and what became of what somebody sent."""
