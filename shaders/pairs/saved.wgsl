// The row's pair is saved where it is asked for.

@group(0) @binding(7) var<storage, read_write> pairs: array<vec2<u32>>;

alias Saved = vec2<u32>;

fn saved_of(found: Found) -> Saved {
    return pair_of(statistic_of(found));
}

fn save(index: u32, saved: Saved) {
    if (params.loss.flags & SAVES_PAIR) != 0u {
        pairs[params.grid.bound_row + index] = saved;
    }
}
