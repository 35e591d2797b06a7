"""A county to try things on: invented people and half a year of invented cases, written as real ones are."""
