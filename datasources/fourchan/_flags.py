"""The flags that 4chan shows beside posts, by their codes: countries, and what /pol/ lets people choose instead."""

from __future__ import annotations

_COUNTRIES = """
AF Afghanistan; AL Albania; DZ Algeria; AD Andorra; AO Angola; AI Anguilla; AQ Antarctica; AG Antigua & Barbuda;
AR Argentina; AM Armenia; AW Aruba; AU Australia; AT Austria; AZ Azerbaijan; BS Bahamas; BH Bahrain;
BD Bangladesh; BB Barbados; BY Belarus; BE Belgium; BZ Belize; BJ Benin; BM Bermuda; BT Bhutan; BO Bolivia;
BA Bosnia & Herzegovina; BW Botswana; BV Bouvet Island; BR Brazil; IO British Indian Ocean Territory; BN Brunei;
BG Bulgaria; BF Burkina Faso; BI Burundi; KH Cambodia; CM Cameroon; CA Canada; CV Cape Verde; BQ Caribbean NL;
KY Cayman Islands; CF Central African Rep.; TD Chad; CL Chile; CN China; CX Christmas Island;
CC Cocos (Keeling) Islands; CO Colombia; KM Comoros; CD Congo (Dem. Rep.); CG Congo (Rep.); CK Cook Islands;
CR Costa Rica; HR Croatia; CU Cuba; CW Curaçao; CY Cyprus; CZ Czech Republic; CI Côte d'Ivoire; DK Denmark;
DJ Djibouti; DM Dominica; DO Dominican Republic; TL East Timor; EC Ecuador; EG Egypt; SV El Salvador; XE England;
GQ Equatorial Guinea; ER Eritrea; EE Estonia; SZ Eswatini (Swaziland); ET Ethiopia; EU European Union;
FK Falkland Islands; FO Faroe Islands; FJ Fiji; FI Finland; FR France; GF French Guiana; PF French Polynesia;
TF French S. Terr.; GA Gabon; GM Gambia; GE Georgia; DE Germany; GH Ghana; GI Gibraltar; GR Greece; GL Greenland;
GD Grenada; GP Guadeloupe; GU Guam; GT Guatemala; GG Guernsey; GN Guinea; GW Guinea-Bissau; GY Guyana; HT Haiti;
HM Heard Island & McDonald Islands; HN Honduras; HK Hong Kong; HU Hungary; IS Iceland; IN India; ID Indonesia;
IR Iran; IQ Iraq; IE Ireland; IM Isle of Man; IL Israel; IT Italy; JM Jamaica; JP Japan; JE Jersey; JO Jordan;
KZ Kazakhstan; KE Kenya; KI Kiribati; KP Korea (North); KR Korea (South); XK Kosovo; KW Kuwait; KG Kyrgyzstan;
LA Laos; LV Latvia; LB Lebanon; LS Lesotho; LR Liberia; LY Libya; LI Liechtenstein; LT Lithuania; LU Luxembourg;
MO Macau; MG Madagascar; MW Malawi; MY Malaysia; MV Maldives; ML Mali; MT Malta; MH Marshall Islands;
MQ Martinique; MR Mauritania; MU Mauritius; YT Mayotte; MX Mexico; FM Micronesia; MD Moldova; MC Monaco;
MN Mongolia; ME Montenegro; MS Montserrat; MA Morocco; MZ Mozambique; MM Myanmar (Burma); NA Namibia; NR Nauru;
NP Nepal; NL Netherlands; AN Netherlands Antilles; NC New Caledonia; NZ New Zealand; NI Nicaragua; NE Niger;
NG Nigeria; NU Niue; NF Norfolk Island; MK North Macedonia; MP Northern Mariana Islands; NO Norway; OM Oman;
PK Pakistan; PW Palau; PS Palestine; PA Panama; PG Papua New Guinea; PY Paraguay; PE Peru; PH Philippines;
PN Pitcairn; PL Poland; PT Portugal; PR Puerto Rico; QA Qatar; RO Romania; RU Russia; RW Rwanda; RE Réunion;
BL Saint Barthelemy; SH Saint Helena; KN Saint Kitts & Nevis; LC Saint Lucia; SX Saint Maarten (Dutch);
MF Saint Martin (French); PM Saint Pierre & Miquelon; VC Saint Vincent; AS Samoa (American); WS Samoa (western);
SM San Marino; ST Sao Tome & Principe; SA Saudi Arabia; XS Scotland; SN Senegal; RS Serbia; SC Seychelles;
SL Sierra Leone; SG Singapore; SK Slovakia; SI Slovenia; SB Solomon Islands; SO Somalia; ZA South Africa;
GS South Georgia & the South Sandwich Islands; SS South Sudan; ES Spain; LK Sri Lanka; SD Sudan; SR Suriname;
SJ Svalbard & Jan Mayen; SE Sweden; CH Switzerland; SY Syria; TW Taiwan; TJ Tajikistan; TZ Tanzania; TH Thailand;
TG Togo; TK Tokelau; TO Tonga; TT Trinidad & Tobago; TN Tunisia; TR Turkey; TM Turkmenistan;
TC Turks & Caicos Is; TV Tuvalu; UM US minor outlying islands; UG Uganda; UA Ukraine; AE United Arab Emirates;
GB United Kingdom; US United States; XX Unknown; UY Uruguay; UZ Uzbekistan; VU Vanuatu; VA Vatican City;
VE Venezuela; VN Vietnam; VG Virgin Islands (UK); VI Virgin Islands (US); XW Wales; WF Wallis & Futuna;
EH Western Sahara; YE Yemen; ZM Zambia; ZW Zimbabwe; AX Åland Islands
"""

_OF_POL = """
AC Anarcho-Capitalist; AN Anarchist; BL Black Nationalist; CF Confederate; CM Communist; CT Catalonia;
DM Democrat; EU European; FC Fascist; GN Gadsden; GY LGBT; JH Jihadi; KN Kekistani; MF Muslim; MZ Task Force Z;
NB National Bolshevik; NT NATO; NZ Nazi; PC Hippie; PR Pirate; RE Republican; TM Templar; TR Tree Hugger;
UN United Nations; WP White Supremacist
"""

_GROUPS = {
    "european-union": (
        "Countries of the European Union",
        "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK",
    ),
    "europe": (
        "Countries of Europe",
        "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES EU FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME"
        " MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XE XK XS XW",
    ),
    "united-kingdom": ("United Kingdom with England, Scotland and Wales", "GB XE XS XW"),
    "netherlands": ("Netherlands with the Caribbean", "NL AN AW BQ CW SX"),
}


def _read(text: str, prefix: str = "") -> dict[str, str]:
    pairs = (part.split(" ", 1) for part in text.replace("\n", " ").strip().split("; "))
    return {f"{prefix}{code}": name for code, name in pairs}


GROUPS = {name: tuple(codes.split()) for name, (_, codes) in _GROUPS.items()}
"""Choices that stand for several flags, with their codes."""

FLAGS = (
    {name: title for name, (title, _) in _GROUPS.items()}
    | _read(_COUNTRIES)
    | {code: f"{name} (flag of /pol/)" for code, name in _read(_OF_POL, "t_").items()}
)
"""What can be chosen: groups, countries, and the flags of /pol/, whose codes begin with t_."""
