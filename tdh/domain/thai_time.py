"""How Thai people and papers write days: Bangkok's clock, Buddhist era, months by name. Pure."""

from datetime import date, datetime, timedelta, timezone

BANGKOK = timezone(timedelta(hours=7))
BUDDHIST_ERA = 543
"""Years that พ.ศ. is ahead of the common era."""
MONTHS = (
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
    "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
)  # fmt: skip
SHORT_MONTHS = (
    "ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.",
    "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.",
)  # fmt: skip


def thai_day(day: date) -> str:
    """`22 พฤศจิกายน พ.ศ. 2569`."""
    return f"{day.day} {MONTHS[day.month - 1]} พ.ศ. {day.year + BUDDHIST_ERA}"


def short_day(day: date) -> str:
    """`22 พ.ย. 2569`."""
    return f"{day.day} {SHORT_MONTHS[day.month - 1]} {day.year + BUDDHIST_ERA}"


def thai_instant(time: datetime) -> str:
    """`22 พฤศจิกายน พ.ศ. 2569 เวลา 14.05.09 น.`, cut to the second."""
    local = time.astimezone(BANGKOK)
    return f"{thai_day(local.date())} เวลา {local:%H.%M.%S} น."


def iso_instant(time: datetime) -> str:
    """RFC 3339 in Bangkok's time, cut to the second."""
    return time.astimezone(BANGKOK).replace(microsecond=0).isoformat()
