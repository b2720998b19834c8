"""Canonical form and hash chain: what makes the record checkable by somebody who trusts nobody."""
