// A target distribution of one class: its weight is the whole sum, and the gradient at its column has a formula of its own.

fn load_target_logits(rows: vec4<u32>, columns: vec4<u32>) -> vec4<u32> {
    let e = source_elements(rows, select(columns, vec4<u32>(0u), columns == vec4<u32>(NO_COLUMN)));
    let loaded = vec4<u32>(load_source_one(e.x), load_source_one(e.y), load_source_one(e.z), load_source_one(e.w));
    return capped(per_row(loaded)); // if CAPPED
    return per_row(loaded); // if !CAPPED
}

// The same of columns in registers, 0 where none is the target's. The lane that has it stores what is kept of the row.
fn target_logit_of(x: Cached, column: u32, target_column: vec4<u32>) -> vec4<u32> {
    return vec4<u32>(row_or(select(vec4<u32>(0u), x.logits, columns_of(column) == target_column)));
}

// A target that is excluded has a logit of -infinity, and a gradient of 0.
fn with_mask(loaded: Row, rows: vec4<u32>) -> Row {
    var row = loaded;
    let columns = select(row.column, vec4<u32>(0u), row.column == vec4<u32>(NO_COLUMN));
    row.excluded = !mask_keeps_of(rows, columns);
    row.logit = select(row.logit, vec4<u32>(NEGATIVE_INFINITY), row.excluded); // if !HOLDS_TARGET
    return row;
}

fn target_sum_of(row: Row, s: Statistic) -> vec4<u32> {
    return row.weight;
}

// w (scale (max - x_t) + ln(sum)), never lse - x_t: right at logits of 1e8.
fn loss_of(row: Row, s: Statistic, log_sum: vec4<f32>) -> vec4<u32> {
    let difference = bounded_shifted(value(row.logit), row.max);
    let of_number = bitcast<vec4<u32>>(log_sum - params.scaling.postscale * difference);
    let unweighted = select(vec4<u32>(INFINITY), of_number, is_finite(row.logit));
    return unweighted; // if PLAIN_LOSS
    // The weight first: the loss may be a number where the log-probability is out of range.
    let weight = value(row.weight);
    let of_numbers = bitcast<vec4<u32>>(weight * log_sum - params.scaling.postscale * (weight * difference));
    let is_number = is_finite(row.weight) & is_finite(row.logit);
    let loss = select(times(row.weight, unweighted), of_numbers, is_number);
    return select(loss, vec4<u32>(0u), (row.column == vec4<u32>(NO_COLUMN)) | is_zero(row.weight));
}

// The gradient at the target's column.
fn gradient_at_target(row: Row) -> vec4<u32> {
    var of_target = row.target_coeff;
    of_target *= value(row.weight); // if !PLAIN_LOSS
    var gradient = weight_of(row.logit, row.max) * row.prob_coeff - of_target;
    gradient = through_cap(row.logit, gradient); // if CAPPED
    gradient = select(gradient, vec4<f32>(0.0), row.excluded); // if MASK_EXCLUDES
    return set_nan(row.nan_rows, gradient);
}
