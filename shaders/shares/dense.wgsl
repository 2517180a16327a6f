// Every class may have a share in the loss: w ((1 - e) q + e / C), with q what the target says of it. A factor of exactly
// 0 makes a share of exactly 0, whatever the other one is; otherwise one that is not finite makes no number.

struct Shares {
    value: vec4<f32>,
    used: vec4<bool>,
    spoilt: vec4<bool>,
}

fn zero(bits: vec4<u32>) -> vec4<bool> {
    return (bits & vec4<u32>(MAGNITUDE)) == vec4<u32>(0u);
}

fn weights_at(column: u32) -> vec4<u32> {
    if (params.options & HAS_WEIGHT) == 0u {
        return vec4<u32>(ONE);
    }
    let c = min(columns_of(column), vec4<u32>(params.cols - 1u));
    return vec4<u32>(class_weights[c.x], class_weights[c.y], class_weights[c.z], class_weights[c.w]);
}

fn shares_of(held: Held, column: u32, rows: Rows) -> Shares {
    let weights = weights_at(column);
    let probs = probs_of(held, column, rows);
    let from_target = !zero(probs) & vec4<bool>(params.target_share != 0.0);
    let used = !zero(weights) & (from_target | vec4<bool>(params.uniform_share != 0.0));
    let spoilt = used & (!finite(weights) | (from_target & !finite(probs)));
    let q = select(vec4<f32>(0.0), value(probs), from_target);
    let share = value(weights) * (params.target_share * q + params.uniform_share);
    return Shares(select(vec4<f32>(0.0), share, used & !spoilt), used, spoilt);
}

fn read_target(row: Row, at: Starts) -> Row {
    return row;
}

fn share_sum(row: Row, found: Found) -> u32 {
    let totals = basic_found(found).totals;
    return select(bitcast<u32>(totals.share), NAN, (totals.faults & NO_NUMBER) != 0u);
}

fn pushed(pulled: vec4<f32>, kept: Held, column: u32, rows: Rows) -> vec4<f32> {
    return pulled - shares_of(kept, column, rows).value * rows.push;
}

// The sum of t (scale (max - x) + ln(sum)).
fn surprise(row: Row, found: Found, log_sum: f32) -> u32 {
    let totals = basic_found(found).totals;
    if totals.faults >= NO_NUMBER || totals.faults == (PLUS_INFINITY | MINUS_INFINITY) {
        return NAN;
    }
    if totals.faults != 0u {
        return select(INFINITY, NEGATIVE_INFINITY, totals.faults == MINUS_INFINITY);
    }
    return bitcast<u32>(params.steepness * totals.distance + totals.share * log_sum);
}
