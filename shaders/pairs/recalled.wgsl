// The row's pair is that of a forward pass, or of merged statistics.

@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;

alias Saved = vec2<u32>;

fn saved_of(found: Found) -> Saved {
    return pair_of(statistic_of(found));
}

fn save(index: u32, saved: Saved) {
}

fn recall(opened: Row, index: u32) -> Row {
    let pair = pairs[params.grid.bound_row + index];
    let found = found_of(Extremes(value_one(pair.x), 0u), Totals());
    return settled(opened, found, pair, log_sum_of(value_one(pair.y)));
}
