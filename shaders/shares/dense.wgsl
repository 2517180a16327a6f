// Every class may have a share in the loss: w ((1 - e) q + e / C), with q what the target says of it. A factor of exactly
// 0 makes a share of exactly 0, whatever the other one is; otherwise NaN makes no number, and infinity an infinite share.

struct Shares {
    value: vec4<f32>,
    used: vec4<bool>,
    faults: vec4<u32>,
}

fn zero(bits: vec4<u32>) -> vec4<bool> {
    return (bits & vec4<u32>(MAGNITUDE)) == vec4<u32>(0u);
}

fn nan(bits: vec4<u32>) -> vec4<bool> {
    return (bits & vec4<u32>(MAGNITUDE)) > vec4<u32>(INFINITY);
}

fn weights_at(column: u32) -> vec4<u32> {
    if (params.loss.flags & HAS_WEIGHT) == 0u {
        return vec4<u32>(ONE);
    }
    let c = min(columns_of(column), vec4<u32>(params.grid.cols - 1u));
    return vec4<u32>(class_weights[c.x], class_weights[c.y], class_weights[c.z], class_weights[c.w]);
}

fn shares_of(held: Held, column: u32, rows: Rows) -> Shares {
    let weights = weights_at(column);
    let probs = probs_of(held, column, rows);
    let from_target = !zero(probs) & vec4<bool>(params.loss.target_share != 0.0);
    let used = !zero(weights) & (from_target | vec4<bool>(params.loss.uniform_share != 0.0));
    let q = select(vec4<u32>(0u), probs, from_target);
    let share = value(weights) * (params.loss.target_share * value(q) + params.loss.uniform_share);
    let infinity = select(vec4<u32>(PLUS_BY_SHARE), vec4<u32>(MINUS_BY_SHARE), share < vec4<f32>(0.0));
    let of_numbers = select(infinity, vec4<u32>(0u), finite(weights) & finite(q));
    let faults = select(of_numbers, vec4<u32>(NO_NUMBER), nan(weights) | nan(q));
    return Shares(select(vec4<f32>(0.0), share, used), used, select(vec4<u32>(0u), faults, used));
}

fn read_target(row: Row, at: Starts) -> Row {
    return row;
}

fn share_sum(row: Row, found: Found) -> u32 {
    let totals = basic_found(found).totals;
    let spoilt = (totals.faults & (PLUS_BY_SHARE | MINUS_BY_SHARE | NO_NUMBER)) != 0u;
    return select(bitcast<u32>(totals.share), NAN, spoilt);
}

fn pushed(pulled: vec4<f32>, kept: Held, column: u32, rows: Rows) -> vec4<f32> {
    return pulled - shares_of(kept, column, rows).value * rows.push;
}

// The sum of t (scale (max - x) + ln(sum)).
fn surprise(row: Row, found: Found, log_sum: f32) -> u32 {
    let totals = basic_found(found).totals;
    let plus = (totals.faults & PLUS) != 0u;
    let minus = (totals.faults & MINUS) != 0u;
    if (totals.faults & NO_NUMBER) != 0u || (plus && minus) {
        return NAN;
    }
    if plus || minus {
        return select(INFINITY, NEGATIVE_INFINITY, minus);
    }
    return bitcast<u32>(params.scaling.postscale * totals.distance + totals.share * log_sum);
}
