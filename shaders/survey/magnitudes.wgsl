// What is seen of values that are relative to no maximum: special values alone, by the largest magnitude bits.

struct Survey {
    magnitude: vec4<u32>,
}

fn empty_survey() -> Survey {
    return Survey(vec4<u32>(0u));
}

struct Seen {
    magnitude: u32,
}

fn nothing_seen() -> Seen {
    return Seen(0u);
}

fn seen_in(survey: Survey) -> Seen {
    let pair = max(survey.magnitude.xy, survey.magnitude.zw);
    return Seen(max(pair.x, pair.y));
}

fn both_seen(a: Seen, b: Seen) -> Seen {
    return Seen(max(a.magnitude, b.magnitude));
}

fn maximum_of(seen: Seen) -> f32 {
    return LOWEST;
}

fn extremes_of(seen: Seen) -> Extremes {
    return Extremes(LOWEST, seen.magnitude);
}
