// Beside the sums that the operation needs, two things are told of a row, each where it is asked for: its first moment, the
// sum of w scale (x - max) with the weights w, and its peak, the lowest column that holds the maximum. Where the reference
// of the weights rises by r, exp(-r) (moment - r (sum of weights)) is left of the moment.

override TELLS_MOMENT: bool;
override TELLS_PEAK: bool;

// Heights are in the order of logits as unsigned numbers, -0 as high as 0, for every device to compare exactly, subnormal
// ones too. None is 0: that is where nothing was seen.
struct Peaks {
    height: vec4<u32>,
    column: vec4<u32>,
}

struct Terms {
    basic: BasicTerms,
    moments: vec4<f32>,
    peaks: Peaks,
}

struct Sums {
    basic: BasicSums,
    moments: NestedSum,
    peaks: Peaks,
}

struct WideTotals {
    basic: WideBasicTotals,
    moment: Value,
    height: Bits,
    column: Bits,
}

struct Told {
    moment: f32,
    height: u32,
    column: u32,
}

struct Totals {
    basic: BasicTotals,
    told: Told,
}

struct Found {
    basic: BasicFound,
    told: Told,
}

// scale (x - max), down to where it weighs nothing.
fn depth_of(rise: Value) -> Value {
    return params.scaling.postscale * max(rise, Value(params.scaling.negligible_shifted));
}

// A logit that weighs nothing has a moment of 0: it is bounded as for its weight.
fn moments_of(logits: vec4<u32>, weights: vec4<f32>, max_: Value) -> vec4<f32> {
    let weighing = bitcast<vec4<f32>>(min(logits, vec4<u32>(LOWEST_BITS)));
    let bounded_rise = max(rise_of(weighing, max_), vec4<f32>(params.scaling.negligible_shifted));
    return weights * (params.scaling.postscale * bounded_rise);
}

fn peaks_of(logits: vec4<u32>, column: u32) -> Peaks {
    let above = logits | vec4<u32>(~MAGNITUDE);
    let below = vec4<u32>(0u) - logits;
    return Peaks(select(above, below, logits > vec4<u32>(MAGNITUDE)), columns_of(column));
}

// The first block of a row may be folded last: columns are compared.
fn higher(a: Peaks, b: Peaks) -> Peaks {
    let is_b = (b.height > a.height) | ((b.height == a.height) & (b.column < a.column));
    return Peaks(select(a.height, b.height, is_b), select(a.column, b.column, is_b));
}

fn terms_of(held: Held, rows: Rows, column: u32, last: u32, weights: vec4<f32>, max_: Value) -> Terms {
    var terms: Terms;
    terms.basic = basic_terms_of(held, rows, column, last, weights, max_);
    if TELLS_MOMENT {
        terms.moments = moments_of(logits_of(held), weights, max_);
    }
    if TELLS_PEAK {
        terms.peaks = peaks_of(logits_of(held), column);
    }
    return terms;
}

fn add_terms(a: Terms, b: Terms) -> Terms {
    var terms: Terms;
    terms.basic = add_basic_terms(a.basic, b.basic);
    if TELLS_MOMENT {
        terms.moments = a.moments + b.moments;
    }
    if TELLS_PEAK {
        terms.peaks = higher(a.peaks, b.peaks);
    }
    return terms;
}

fn take(sums: ptr<function, Sums>, terms: Terms, count: u32) {
    var basic = (*sums).basic;
    take_basic(&basic, terms.basic, count);
    (*sums).basic = basic;
    if TELLS_MOMENT {
        var moments = (*sums).moments;
        add_term(&moments, across(terms.moments), count);
        (*sums).moments = moments;
    }
    if TELLS_PEAK {
        (*sums).peaks = higher((*sums).peaks, terms.peaks);
    }
}

fn refer(sums: ptr<function, Sums>, old: Value, new_: Value) {
    var basic = (*sums).basic;
    if TELLS_MOMENT {
        let weights = weight_sum_in(basic);
        let depth = depth_of(rise_between(old, new_));
        var moments = (*sums).moments;
        moments.terms += depth * weights.terms;
        moments.sixteens += depth * weights.sixteens;
        moments.blocks += depth * weights.blocks;
        moments.stretches += depth * weights.stretches;
        rescale(&moments, rescaling(old, new_));
        (*sums).moments = moments;
    }
    refer_basic(&basic, old, new_);
    (*sums).basic = basic;
}

fn totals_of(sums: Sums) -> WideTotals {
    let height = highest(sums.peaks.height);
    let is_peak = sums.peaks.height == vec4<u32>(height);
    let column = lowest(select(vec4<u32>(NO_COLUMN), sums.peaks.column, is_peak));
    return WideTotals(basic_totals_of(sums.basic), total(sums.moments), height, column);
}

fn totals_of_row(totals: WideTotals, r: u32) -> Totals {
    let told = Told(of_row(totals.moment, r), bits_of_row(totals.height, r), bits_of_row(totals.column, r));
    return Totals(basic_totals_of_row(totals.basic, r), told);
}

fn add_totals(a: Totals, b: Totals) -> Totals {
    let is_b = b.told.height > a.told.height || (b.told.height == a.told.height && b.told.column < a.told.column);
    let told = Told(
        a.told.moment + b.told.moment,
        select(a.told.height, b.told.height, is_b),
        select(a.told.column, b.told.column, is_b),
    );
    return Totals(add_basic_totals(a.basic, b.basic), told);
}

fn merge_totals(place: Place, mine: Totals) -> Totals {
    var merged: Totals;
    merged.basic = merge_basic_totals(place, mine.basic);
    if TELLS_MOMENT {
        merged.told.moment = merge_sum(place, mine.told.moment);
    }
    if TELLS_PEAK {
        merged.told.height = merge_extremes(place, Extremes(LOWEST, mine.told.height)).special;
        // Maxima merge: of the lanes at that height, the lowest column is the largest from the other end.
        let from_end = select(0u, ~mine.told.column, mine.told.height == merged.told.height);
        merged.told.column = ~merge_extremes(place, Extremes(LOWEST, from_end)).special;
    }
    return merged;
}

fn found_of(extremes: Extremes, totals: Totals) -> Found {
    return Found(basic_found_of(extremes, totals.basic), totals.told);
}

fn basic_found(found: Found) -> BasicFound {
    return found.basic;
}

fn statistic_of(found: Found) -> Statistic {
    return basic_statistic_of(found.basic);
}

fn totals_relative_to(found: Found, new_: f32) -> Totals {
    let old = statistic_of(found);
    var told = found.told;
    let depth = of_row(depth_of(rise_between(Value(old.max), Value(new_))), 0u);
    told.moment = exponential_one(old.max, new_) * (told.moment + depth * old.sum);
    return Totals(basic_totals_relative_to(found.basic, new_), told);
}
