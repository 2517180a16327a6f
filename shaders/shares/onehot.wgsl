// The target's class alone has a share in the loss: its weight.

fn read_target(row: Row, at: Starts) -> Row {
    var read = row;
    read.logit = read_logit(load_source_one(element_at(at.source, select(row.column, 0u, row.column == NO_COLUMN))));
    return read;
}

fn share_sum(row: Row, found: Found) -> u32 {
    return row.weight;
}

fn pushed(pulled: vec4<f32>, kept: Held, column: u32, rows: Rows) -> vec4<f32> {
    return pulled;
}

fn exception_of(rows: Rows) -> Bits {
    return rows.column;
}

fn exceptional_of(rows: Rows) -> Bits {
    return rows.exceptional;
}

fn exceptional(row: Row) -> u32 {
    let logit = vec4<u32>(row.logit);
    let pulled = weigh_logits(logit, Value(row.max)) * row.pull_of_weight;
    let gradient = sloped(logit, pulled - value_one(row.weight) * row.push);
    return spoil(Truth(row.spoilt), gradient).x;
}

// w (scale (max - x_t) + ln(sum)), never lse - x_t: right at logits of 1e8.
fn surprise(row: Row, found: Found, log_sum: f32) -> u32 {
    if row.column == NO_COLUMN || (row.weight & MAGNITUDE) == 0u {
        return 0u;
    }
    let weight = value_one(row.weight);
    let rise = rise_of_one(value_one(row.logit), row.max);
    if finite_one(row.weight) && finite_one(row.logit) {
        // The weight first: the loss may be a number where the log-probability is out of range.
        return bitcast<u32>(weight * log_sum - params.scaling.postscale * (weight * rise));
    }
    let unweighted = bitcast<u32>(log_sum - params.scaling.postscale * rise);
    return times(row.weight, select(INFINITY, unweighted, finite_one(row.logit)));
}
