"""What every HTTP door needs: the event loop in front, the request's context, problem details, health and metrics."""
