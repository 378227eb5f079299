"""From a department's file to a published version: collect, standardise, check, publish.

Plain functions over blocks; schedules and retries are somebody else's business.
"""
