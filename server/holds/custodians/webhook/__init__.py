"""Custodians that take holds as signed HTTP requests (Standard Webhooks)."""

from server.holds.custodians.webhook.adapter import WebhookCustodian, from_settings

__all__ = ["WebhookCustodian", "from_settings"]
