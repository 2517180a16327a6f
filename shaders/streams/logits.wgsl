// One matrix is read: logits. What an element weighs is exp(scale (x - max)); a logit of -infinity weighs
// nothing.

alias Held = vec4<u32>;

struct Starts {
    source: u32,
    result: u32,
}

fn starts(row: u32) -> Starts {
    return Starts(
        params.source_offset + row * params.source_stride,
        params.result_offset + row * params.result_stride,
    );
}

fn nothing() -> Held {
    return vec4<u32>(NEGATIVE_INFINITY);
}

fn load(at: Starts, column: u32, count: u32) -> Held {
    return load_source(at.source + column, count, NEGATIVE_INFINITY);
}

fn survey(so_far: Survey, held: Held) -> Survey {
    let magnitude = held & vec4<u32>(MAGNITUDE);
    let special = select(magnitude, vec4<u32>(0u), excluded(held));
    let logits = select(vec4<f32>(LOWEST), value(held), live(held));
    return Survey(max(so_far.max, logits), max(so_far.special, special));
}

fn weigh(held: Held, max_: f32) -> vec4<f32> {
    return select(vec4<f32>(0.0), exponential(value(held), max_), live(held));
}
