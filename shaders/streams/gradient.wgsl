// Two matrices are read: an output of the forward pass and the upstream gradient. What an element weighs is the
// formula's to say, and relative to no maximum: the survey looks for special values only.

struct Held {
    forward: vec4<u32>,
    upstream: vec4<u32>,
}

struct Starts {
    source: u32,
    upstream: u32,
    result: u32,
}

fn starts(row: u32) -> Starts {
    return Starts(
        start_of(params.grid.source_offset, params.grid.source_stride, row),
        start_of(params.grid.upstream_offset, params.grid.upstream_stride, row),
        start_of(params.grid.result_offset, params.grid.result_stride, row),
    );
}

fn nothing() -> Held {
    return Held(vec4<u32>(FORWARD_FILLER), vec4<u32>(0u));
}

fn load_whole(at: Starts, column: u32) -> Held {
    return Held(load_source_whole(element_at(at.source, column)), load_upstream_whole(element_at(at.upstream, column)));
}

fn load(at: Starts, column: u32, inside: vec4<bool>) -> Held {
    return Held(
        load_source(element_at(at.source, column), inside, FORWARD_FILLER),
        load_upstream(element_at(at.upstream, column), inside, 0u),
    );
}

fn survey(so_far: Survey, held: Held) -> Survey {
    let upstream_magnitude = held.upstream & vec4<u32>(MAGNITUDE);
    return Survey(max(so_far.magnitude, max(forward_special(held.forward), upstream_magnitude)));
}
