"""The wire in both directions, as marshmallow schemas that know nothing of ours."""
