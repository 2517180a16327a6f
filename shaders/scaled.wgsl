// Logits are multiplied by a scale. What counts of a logit x is scale (x - max): exact where x = max, and never infinite
// before the difference is taken.

// -infinity weighs nothing.
fn excluded(bits: vec4<u32>) -> vec4<bool> {
    return bits == vec4<u32>(NEGATIVE_INFINITY);
}

// The prescale, half at most, times x - max, which no two numbers make infinite; at the steepest scales it is 1. The postscale
// times that is scale (x - max), which is finite down to scaling.lowest_shifted and -infinity below it. The prescale is a power
// of 2, so that nothing is rounded but the difference.
fn rise_of(x: vec4<f32>, max_: Value) -> vec4<f32> {
    return fma(vec4<f32>(params.scaling.prescale), x, vec4<f32>(-params.scaling.prescale * max_));
}

// For any two numbers, of which one may be LOWEST because nothing was seen.
fn rise_between(x: Value, max_: Value) -> Value {
    return max(params.scaling.prescale * x - params.scaling.prescale * max_, Value(LOWEST));
}

fn rise_of_one(x: f32, max_: f32) -> f32 {
    return of_row(rise_between(Value(x), Value(max_)), 0u);
}

// exp(scale (x - max)) as a power of 2, whose 0th is 1 on every device: the factor log2(e) scale has a high and a low
// part, so that the exponent is off by no more than the roundings of a difference and of a product. The low part takes
// the difference before it is bounded: equal ones would be factored out, and the parts added.
fn exponential(x: vec4<f32>, max_: Value) -> vec4<f32> {
    let rise = rise_of(x, max_);
    let bounded_rise = max(rise, vec4<f32>(params.scaling.negligible_shifted));
    return exp2(fma(vec4<f32>(params.scaling.exp2_hi), bounded_rise, params.scaling.exp2_lo * rise));
}

fn exponential_one(x: f32, max_: f32) -> f32 {
    return exponential(vec4<f32>(x), Value(max_)).x;
}

// Only in a row that is spoilt anyway may NaN or +infinity enter: what comes of them is overwritten.
fn weigh_logits(bits: vec4<u32>, max_: Value) -> vec4<f32> {
    let weighing = min(bits, vec4<u32>(LOWEST_BITS));
    return select(vec4<f32>(0.0), exponential(bitcast<vec4<f32>>(weighing), max_), weighing == bits);
}
