"""Where the columns of a post on 9gag come from."""

from __future__ import annotations

from datasources._zeeschuimer._fields import Fields, flag, made, moment, number, text, texts, unix
from datasources._zeeschuimer._paths import Raw, find
from datasources._zeeschuimer._values import as_number


def _score(raw: Raw) -> int | None:
    up, down = (as_number(find(raw.data, name)) for name in ("upVoteCount", "downVoteCount"))
    return None if up is None or down is None else up - down


FIELDS: Fields = {
    "id": text("id", required=True),
    "thread_id": text("id"),
    "timestamp": moment("creationTs", required=True),
    "author": text("creator.username"),
    "body": text("description"),
    "subject": text("title"),
    "url": text("url"),
    "author_name": text("creator.fullName"),
    "author_status": text("creator.emojiStatus"),
    "author_verified": flag("creator.isVerifiedAccount"),
    "type": text("type"),
    "image_url": text("images.image700.url", "images.image460.url"),
    "video_url": text("images.image460sv.url", "images.image700sv.url"),
    "is_nsfw": flag("nsfw"),
    "is_promoted": flag("promoted"),
    "is_vote_masked": flag("isVoteMasked"),
    "is_anonymous": flag("isAnonymous"),
    "source_domain": text("sourceDomain"),
    "source_url": text("sourceUrl"),
    "upvotes": number("upVoteCount"),
    "downvotes": number("downVoteCount"),
    "score": made(int, _score),
    "comments": number("commentsCount"),
    "tags": texts("tags.*.key"),
    "tags_annotated": texts("annotationTags.*.key", "annotationTags.*"),
    "unix_timestamp": unix("creationTs"),
}
