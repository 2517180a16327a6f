// What is seen of logits before any is weighed: three integer maxima and minima, since the bits of positive numbers are in
// order as integers and those of negative ones in reverse. The largest as signed numbers are +infinity and positive NaN,
// as unsigned ones negative NaN and then -infinity, which is nothing special. Those that count as infinite take part in
// the maximum: of +infinity the row is spoilt, and -infinity is the lowest.

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

// The same of all four columns.
struct Seen {
    largest_signed: i32,
    largest: u32,
    smallest: u32,
}

fn nothing_seen() -> Seen {
    return Seen(-1, 0u, ~0u);
}

fn seen_in(survey: Survey) -> Seen {
    let largest_signed = max(survey.largest_signed.xy, survey.largest_signed.zw);
    let largest = max(survey.largest.xy, survey.largest.zw);
    let smallest = min(survey.smallest.xy, survey.smallest.zw);
    return Seen(
        max(largest_signed.x, largest_signed.y),
        max(largest.x, largest.y),
        min(smallest.x, smallest.y),
    );
}

fn both_seen(a: Seen, b: Seen) -> Seen {
    return Seen(
        max(a.largest_signed, b.largest_signed),
        max(a.largest, b.largest),
        min(a.smallest, b.smallest),
    );
}

// The largest value; in place of an infinite one the finite one of its sign that is largest in magnitude.
fn maximum_of(seen: Seen) -> f32 {
    let negative = min(seen.smallest, LOWEST_BITS);
    let positive = min(seen.largest_signed, HIGHEST_BITS);
    return bitcast<f32>(select(negative, u32(positive), positive >= 0));
}

fn extremes_of(seen: Seen) -> Extremes {
    let negative_nan = select(0u, seen.largest & MAGNITUDE, seen.largest > NEGATIVE_INFINITY);
    return Extremes(maximum_of(seen), max(u32(max(seen.largest_signed, 0)), negative_nan));
}
