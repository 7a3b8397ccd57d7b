"""Run notebooks with parameters, check them and publish their pages."""
