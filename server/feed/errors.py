"""Errors of the feed."""

from server.problems import Unavailable


class NoRoom(Unavailable):
    code = "no_room_to_listen"
    title = "No more listeners fit"
    hint = "Ask for changes from time to time instead, and try again later."


class TooBusy(Unavailable):
    code = "too_busy"
    title = "More is being delivered than can be taken at once"
    hint = "Nothing was stored and nothing is lost. Send it again after the time that Retry-After names."
