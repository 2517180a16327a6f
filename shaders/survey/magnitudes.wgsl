// What is seen of values that are relative to no maximum: special values alone, by the largest magnitude bits.

struct Survey {
    magnitude: vec4<u32>,
}

fn empty_survey() -> Survey {
    return Survey(vec4<u32>(0u));
}

struct Seen {
    magnitude: Bits,
}

fn nothing_seen() -> Seen {
    return Seen(Bits(0u));
}

fn seen_in(survey: Survey) -> Seen {
    return Seen(highest(survey.magnitude));
}

fn both_seen(a: Seen, b: Seen) -> Seen {
    return Seen(max(a.magnitude, b.magnitude));
}

fn maximum_of(seen: Seen) -> Value {
    return Value(LOWEST);
}

fn extremes_of(seen: Seen) -> WideExtremes {
    return WideExtremes(Value(LOWEST), seen.magnitude);
}
