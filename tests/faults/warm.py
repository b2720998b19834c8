"""Imported by the fork server alone: what each start would do anew is done once, and no collection walks through it."""

from __future__ import annotations

import gc

from api.app import description

description()
gc.collect()
gc.freeze()
