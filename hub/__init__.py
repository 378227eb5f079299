"""The one door: settings, wiring, HTTP API, pages, command line, worker.

Joins the rooms and maps their refusals to answers. Never holds a business rule of its own.
"""
