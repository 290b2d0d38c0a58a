"""The languages that text analyses know, and their word lists."""

from __future__ import annotations

from collections.abc import Iterable

LANGUAGES = {
    "arabic": "Arabic",
    "armenian": "Armenian",
    "basque": "Basque",
    "catalan": "Catalan",
    "czech": "Czech",
    "danish": "Danish",
    "dutch": "Dutch",
    "english": "English",
    "esperanto": "Esperanto",
    "estonian": "Estonian",
    "finnish": "Finnish",
    "french": "French",
    "german": "German",
    "greek": "Greek",
    "hindi": "Hindi",
    "hungarian": "Hungarian",
    "indonesian": "Indonesian",
    "irish": "Irish",
    "italian": "Italian",
    "lithuanian": "Lithuanian",
    "nepali": "Nepali",
    "norwegian": "Norwegian",
    "persian": "Persian",
    "polish": "Polish",
    "portuguese": "Portuguese",
    "romanian": "Romanian",
    "russian": "Russian",
    "serbian": "Serbian",
    "sesotho": "Sesotho",
    "spanish": "Spanish",
    "swedish": "Swedish",
    "tamil": "Tamil",
    "turkish": "Turkish",
    "yiddish": "Yiddish",
    "other": "Another language",
}
"""Languages with a Snowball stemmer, by the stemmer's name."""

_CODES = {
    "arabic": "ar", "armenian": "hy", "basque": "eu", "catalan": "ca", "czech": "cs", "danish": "da", "dutch": "nl",
    "english": "en", "esperanto": "eo", "estonian": "et", "finnish": "fi", "french": "fr", "german": "de",
    "greek": "el", "hindi": "hi", "hungarian": "hu", "indonesian": "id", "irish": "ga", "italian": "it",
    "lithuanian": "lt", "nepali": "ne", "norwegian": "no", "persian": "fa", "polish": "pl", "portuguese": "pt",
    "romanian": "ro", "russian": "ru", "serbian": "sr", "sesotho": "st", "spanish": "es", "swedish": "sv",
    "tamil": "ta", "turkish": "tr", "yiddish": "yi",
}  # fmt: skip

LEMMAS = {
    "arabic": "ar", "armenian": "hy", "catalan": "ca", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "esperanto": "eo", "estonian": "et", "finnish": "fi", "french": "fr", "german": "de", "greek": "el",
    "hindi": "hi", "hungarian": "hu", "indonesian": "id", "irish": "ga", "italian": "it", "lithuanian": "lt",
    "norwegian": "nb", "persian": "fa", "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru",
    "serbian": "hbs", "spanish": "es", "swedish": "sv", "turkish": "tr",
}  # fmt: skip
"""Languages with a dictionary of lemmas, and the name of that dictionary."""

STOP_WORDS = {
    "af": "Afrikaans", "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "br": "Breton", "ca": "Catalan",
    "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "eo": "Esperanto",
    "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "ga": "Irish", "gl": "Galician", "gu": "Gujarati", "ha": "Hausa", "he": "Hebrew", "hi": "Hindi",
    "hr": "Croatian", "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "ku": "Kurdish", "la": "Latin", "lt": "Lithuanian", "lv": "Latvian", "mr": "Marathi",
    "ms": "Malay", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "so": "Somali", "st": "Sesotho", "sv": "Swedish",
    "sw": "Swahili", "th": "Thai", "tl": "Tagalog", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "yo": "Yoruba", "zh": "Chinese", "zu": "Zulu",
}  # fmt: skip
"""Languages with a list of stop words, by the list's code."""

SAME_LANGUAGE = "copy-language"
"""The choice that means: the stop words of the language chosen."""

_LIST = "stopwords-iso-"


def list_choices() -> dict[str, str]:
    """The word lists to filter with, for an option."""
    lists = sorted(STOP_WORDS.items(), key=lambda entry: entry[1])
    return {SAME_LANGUAGE: "Stop words of the chosen language"} | {
        f"{_LIST}{code}": f"Stop words: {name}" for code, name in lists
    }


def has_stop_words(language: str) -> bool:
    """Whether there is a list of stop words for this language."""
    return _CODES.get(language) in STOP_WORDS


def stop_words(chosen: Iterable[str], language: str) -> set[str]:
    """All words of the chosen lists, in lower case and with straight apostrophes."""
    import stopwordsiso

    codes = {name.removeprefix(_LIST) for name in chosen if name != SAME_LANGUAGE}
    if SAME_LANGUAGE in chosen and has_stop_words(language):
        codes.add(_CODES[language])
    return {word.lower().replace("’", "'") for code in codes for word in stopwordsiso.stopwords(code)}


def words_in(text: str) -> set[str]:
    """The words of a list that a person typed, with commas or line breaks between them, in lower case."""
    parts = text.replace("\n", ",").split(",")
    return {part.strip().lower().replace("’", "'") for part in parts if part.strip()}
