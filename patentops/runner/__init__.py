"""The one-command runner: bootstrap, embedded servers, supervisor and its commands."""
