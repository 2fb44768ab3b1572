"""Errors of the feed."""

from server.problems import Malformed


class MalformedPush(Malformed):
    code = "malformed_push"
    title = "The push cannot be read"
    hint = 'Send {"ops": [...]} with 1 to 200 signed ops as strings; nothing was stored.'
