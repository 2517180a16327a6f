// What is seen of logits before any is weighed: three integer maxima and minima, since the bits of positive numbers are in
// order as integers and those of negative ones in reverse. The largest as signed numbers are +infinity and positive NaN,
// as unsigned ones negative NaN and then -infinity, which is nothing special. Infinite ones take part in the maximum: of
// +infinity the row is spoilt, and -infinity is the lowest.

struct Survey {
    largest_signed: vec4<i32>,
    largest: vec4<u32>,
    smallest: vec4<u32>,
}

fn empty_survey() -> Survey {
    return Survey(vec4<i32>(-1), vec4<u32>(0u), vec4<u32>(~0u));
}

fn survey_logits(so_far: Survey, bits: vec4<u32>) -> Survey {
    return Survey(
        max(so_far.largest_signed, bitcast<vec4<i32>>(bits)),
        max(so_far.largest, bits),
        min(so_far.smallest, bits),
    );
}

// The same of all columns of an access.
struct Seen {
    largest_signed: Signed,
    largest: Bits,
    smallest: Bits,
}

fn nothing_seen() -> Seen {
    return Seen(Signed(-1), Bits(0u), Bits(~0u));
}

fn seen_in(survey: Survey) -> Seen {
    return Seen(highest_signed(survey.largest_signed), highest(survey.largest), lowest(survey.smallest));
}

fn both_seen(a: Seen, b: Seen) -> Seen {
    return Seen(
        max(a.largest_signed, b.largest_signed),
        max(a.largest, b.largest),
        min(a.smallest, b.smallest),
    );
}

// The largest value; in place of an infinite one the finite one of its sign that is largest in magnitude.
fn maximum_of(seen: Seen) -> Value {
    let negative = min(seen.smallest, Bits(LOWEST_BITS));
    let positive = min(seen.largest_signed, Signed(HIGHEST_BITS));
    return bitcast<Value>(select(negative, Bits(positive), positive >= Signed(0)));
}

fn extremes_of(seen: Seen) -> WideExtremes {
    let negative_nan = select(Bits(0u), seen.largest & Bits(MAGNITUDE), seen.largest > Bits(NEGATIVE_INFINITY));
    return WideExtremes(maximum_of(seen), max(Bits(max(seen.largest_signed, Signed(0))), negative_nan));
}
