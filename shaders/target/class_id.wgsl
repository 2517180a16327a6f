// The target of a row is a class id, of one word or of two. The ignored id is tested first: it may lie outside the range.

@group(0) @binding(5) var<storage, read> targets: array<u32>;

// The low and the high word of a class id.
fn id_of(row: u32) -> vec2<u32> {
    let index = (params.grid.bound_row + row) * params.loss.id_words;
    let low = targets[index];
    if params.loss.id_words == 2u {
        return vec2<u32>(low, targets[index + 1u]);
    }
    let negative = (params.loss.flags & UNSIGNED_IDS) == 0u && low > MAGNITUDE;
    return vec2<u32>(low, select(0u, 0xffffffffu, negative));
}

fn target_of(row: u32) -> Target {
    let id = id_of(row);
    if (params.loss.flags & HAS_IGNORE_INDEX) != 0u && all(id == vec2<u32>(params.loss.ignored_low, params.loss.ignored_high)) {
        return Target(IGNORED, NO_COLUMN, 0u);
    }
    if id.y != 0u || id.x >= params.loss.classes {
        return Target(BAD, NO_COLUMN, 0u);
    }
    return Target(VALID, id.x, weight_of(id.x));
}
