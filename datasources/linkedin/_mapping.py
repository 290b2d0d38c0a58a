"""Where the columns of a LinkedIn post come from."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from datasources._zeeschuimer._fields import Fields, Unmappable, first, made, moment, number, seconds, text, texts, unix
from datasources._zeeschuimer._paths import Raw, find, values_at
from datasources._zeeschuimer._values import as_moment, as_number, hashtags_in, unique, without_query

_URN = re.compile(r"urn:li:(?:activity|ugcPost|share|groupPost:\d+-|groupPost):?(\d{18,20})")
_AGO = re.compile(r"(\d+)\s*(mo|yr|[smhdwy])")
_LASTS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "mo": 2_629_800, "y": 31_557_600, "yr": 31_557_600}
_TEXT = ("commentary.text.text", "commentary.commentaryText.text")


def _number(raw: Raw) -> str:
    urn = first(raw, "updateMetadata.urn", "metadata.backendUrn", "preDashEntityUrn", "entityUrn")
    if urn is None:
        raise Unmappable("data.updateMetadata.urn is missing")
    found = _URN.search(urn)
    return found[1] if found else urn


def _ago(raw: Raw) -> str | None:
    said = first(raw, "actor.subDescription.text")
    return said.partition("•")[0].strip() or None if said else None


def _moment(raw: Raw) -> datetime | None:
    """The number of a post begins with its time in milliseconds; without one, as long ago as the page said."""
    number_ = _number(raw)
    if number_.isdigit():
        exact = as_moment(int(number_) >> 22)
        if exact is not None:
            return exact
    found, collected = _AGO.match(_ago(raw) or ""), _collected(raw)
    if not found or collected is None:
        return None
    return collected - timedelta(seconds=int(found[1]) * _LASTS[found[2]])


def _collected(raw: Raw) -> datetime | None:
    return as_moment(find(raw.meta, "timestamp_collected"))


def _author(raw: Raw) -> str | None:
    """The last part of the address of whoever posted it."""
    address = without_query(first(raw, "actor.navigationContext.actionTarget"))
    parts = [part for part in (address or "").split("/") if part and part != "posts"]
    return parts[-1] if parts else first(raw, "actor.name.text")


def _is_company(raw: Raw) -> bool | None:
    address = first(raw, "actor.navigationContext.actionTarget")
    return None if address is None else "/company/" in address or "/showcase/" in address


def _pictures(vector: Any) -> list[str]:
    """The largest version of each picture, whose address comes in two parts."""
    found = []
    for one in vector if isinstance(vector, list) else []:
        picture = find(one, "detailData.nonEntityProfilePicture.vectorImage", "vectorImage", "detailData.vectorImage")
        root, last = find(picture, "rootUrl"), find(picture, "artifacts")
        if isinstance(root, str) and isinstance(last, list) and last:
            found.append(root + str(find(last[-1], "fileIdentifyingUrlPathSegment") or ""))
    return unique(found)


def _images(raw: Raw) -> list[str]:
    groups = [
        *values_at(raw, "content.images.*.attributes"),
        *values_at(raw, "content.imageComponent.images.*.attributes"),
    ]
    return unique(url for group in groups for url in _pictures(group))


def _avatar(raw: Raw) -> str | None:
    return next(iter(_pictures(find(raw.data, "actor.image.attributes"))), None)


def _thumbnail(raw: Raw) -> str | None:
    picture = find(
        raw.data, "content.linkedInVideoComponent.videoPlayMetadata.thumbnail", "content.videoPlayMetadata.thumbnail"
    )
    return next(iter(_pictures([{"vectorImage": picture}])), None)


def _reactions(raw: Raw, sort: str) -> int | None:
    counts = find(raw.data, "socialDetail.totalSocialActivityCounts.reactionTypeCounts") or []
    return next((as_number(find(one, "count")) for one in counts if find(one, "reactionType") == sort), None)


def _is_promoted(raw: Raw) -> bool | None:
    said = first(raw, "actor.subDescription.text")
    return None if said is None else "promoted" in said.lower()


def _url(raw: Raw) -> str:
    return f"https://www.linkedin.com/feed/update/urn:li:activity:{_number(raw)}"


_COUNTS = "socialDetail.totalSocialActivityCounts"
_MENTIONS = "commentary.text.attributesV2.*.detailData"
FIELDS: Fields = {
    "id": made(str, _number),
    "thread_id": made(str, _number),
    "timestamp": made(datetime, _moment),
    "author": made(str, _author),
    "body": text(*_TEXT),
    "timestamp_collected": moment("@timestamp_collected"),
    "timestamp_ago": made(str, _ago),
    "is_promoted": made(bool, _is_promoted),
    "author_name": text("actor.name.text"),
    "author_description": text("actor.description.text"),
    "author_pronouns": text("actor.supplementaryActorInfo.text"),
    "author_avatar_url": made(str, _avatar),
    "author_is_company": made(bool, _is_company),
    "author_url": made(str, lambda raw: without_query(first(raw, "actor.navigationContext.actionTarget"))),
    "author_mentions": texts(f"{_MENTIONS}.profileMention.publicIdentifier", f"{_MENTIONS}.companyName.universalName"),
    "author_name_mentions": texts(f"{_MENTIONS}.profileMention.firstName", f"{_MENTIONS}.companyName.name"),
    "hashtags": made(list, lambda raw: hashtags_in(first(raw, *_TEXT))),
    "image_urls": made(list, _images),
    "video_thumb_url": made(str, _thumbnail),
    "post_url": made(str, _url),
    "link_url": text(
        "content.articleComponent.navigationContext.actionTarget", "content.navigationContext.actionTarget"
    ),
    "comments": number(f"{_COUNTS}.numComments"),
    "shares": number(f"{_COUNTS}.numShares"),
    "reactions": number(f"{_COUNTS}.numLikes"),
    "reaction_like": made(int, lambda raw: _reactions(raw, "LIKE")),
    "reaction_empathy": made(int, lambda raw: _reactions(raw, "EMPATHY")),
    "reaction_praise": made(int, lambda raw: _reactions(raw, "PRAISE")),
    "reaction_entertainment": made(int, lambda raw: _reactions(raw, "ENTERTAINMENT")),
    "reaction_appreciation": made(int, lambda raw: _reactions(raw, "APPRECIATION")),
    "reaction_interest": made(int, lambda raw: _reactions(raw, "INTEREST")),
    "inclusion_context": text("header.text.text"),
    "unix_timestamp": made(int, lambda raw: seconds(_moment(raw))),
    "unix_timestamp_collected": unix("@timestamp_collected"),
}
