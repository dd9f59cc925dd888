"""The importer: sends the lines of a file to a service, in calls of `POST /v1/bulk`."""
