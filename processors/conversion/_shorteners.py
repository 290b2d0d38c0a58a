"""Hosts whose links stand for longer ones."""

SHORTENERS = (
    "amzn.to", "apple.co", "bbc.in", "bit.ly", "bitly.com", "buff.ly", "cnn.it", "cutt.ly", "db.tt", "dlvr.it",
    "econ.st", "fb.me", "flip.it", "fxn.ws", "goo.gl", "gu.com", "hubs.ly", "ift.tt", "is.gd", "j.mp", "lnkd.in",
    "msft.it", "nyti.ms", "on.ft.com", "on.wsj.com", "ow.ly", "pin.it", "politi.co", "rb.gy", "reut.rs", "rebrand.ly",
    "redd.it", "s.id", "shar.es", "shorturl.at", "spoti.fi", "t.co", "t.ly", "tcrn.ch", "tiny.cc", "tinyurl.com",
    "tmblr.co", "trib.al", "v.gd", "vm.tiktok.com", "wapo.st", "wp.me", "youtu.be",
)  # fmt: skip
"""Well-known shorteners, the general ones and those of large platforms and news media."""
