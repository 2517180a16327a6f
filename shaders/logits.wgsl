// Logits, as they are read and scanned. A logit x has the weight exp(scale (x - max)), and -infinity the weight 0. A softcap, a
// mask and causal rows change logits as they are read. Beside them are read, if PROBS, the probabilities that are targets.

struct Cached {
    logits: vec4<u32>,
    probs: vec4<u32>, // if PROBS
    kept: vec4<bool>, // if MASK_EXCLUDES && DENSE && WRITES_MATRIX
}

struct Starts {
    source: u32,
    upstream: u32, // if PROBS
    result: u32, // if WRITES_MATRIX
    mask: RowU32, // if HAS_MASK
    causal_end: u32, // if CAUSAL
}

fn starts_of(row: u32) -> Starts {
    var at: Starts;
    at.source = params.grid.source_offset + (row / params.grid.cols) * params.grid.source_stride; // if JACOBIAN
    at.source = start_of(params.grid.source_offset, params.grid.source_stride, row); // if !JACOBIAN
    at.upstream = start_of(params.grid.upstream_offset, params.grid.upstream_stride, row); // if PROBS
    at.result = start_of(params.grid.result_offset, params.grid.result_stride, row); // if WRITES_MATRIX
    at.mask = mask_start(row_u32(params.grid.tensor_row + row + vec4<u32>(0u, 1u, 2u, 3u))); // if HAS_MASK
    at.causal_end = causal_end(params.grid.tensor_row + row); // if CAUSAL
    return at;
}

fn nothing() -> Cached {
    var x: Cached;
    x.logits = vec4<u32>(NEGATIVE_INFINITY);
    return x;
}

// The columns of an access, -infinity in place of those that are not within the row.
fn load(at: Starts, column: u32, within: vec4<bool>) -> Cached {
    var x: Cached;
    x.logits = load_source(element_at(at.source, column));
    if MASK_ADDS {
        x.logits = mask_added(x.logits, at, column);
    }
    if CAPPED {
        x.logits = capped(x.logits);
    }
    if MASK_EXCLUDES {
        let counts = within & mask_keeps(at, column);
        x.logits = select(vec4<u32>(NEGATIVE_INFINITY), x.logits, counts);
        x.kept = counts; // if DENSE && WRITES_MATRIX
    } else {
        x.logits = select(vec4<u32>(NEGATIVE_INFINITY), x.logits, within);
    }
    if PROBS {
        x.probs = select(vec4<u32>(0u), load_upstream(element_at(at.upstream, column)), within);
    }
    return x;
}

// Integer maxima and minima: the bits of positive numbers are in order as integers, and those of negative ones in reverse. The
// largest as signed numbers are +infinity and positive NaN, as unsigned ones negative NaN and then -infinity, which is nothing
// special. Infinite ones take part in the maximum: with +infinity the row is NaN, and -infinity is the lowest.
struct Scan { max_signed: vec4<i32>, max: vec4<u32>, min: vec4<u32> }

const EMPTY_SCAN = Scan(vec4<i32>(-1), vec4<u32>(0u), vec4<u32>(~0u));

fn scan(so_far: Scan, x: Cached) -> Scan {
    let bits = x.logits;
    return Scan(max(so_far.max_signed, bitcast<vec4<i32>>(bits)), max(so_far.max, bits), min(so_far.min, bits));
}

// The largest value of each row; in place of an infinite one the finite one of its sign that is largest in magnitude.
fn extremes_of(scanned: Scan) -> Extremes {
    let max_signed = row_max_signed(scanned.max_signed);
    let max_bits = row_max(scanned.max); // if !ROW_SCALED
    let max_bits = max(row_max(scanned.max), RowU32(scale_fault)); // if ROW_SCALED
    let negative = min(row_min(scanned.min), RowU32(LOWEST_BITS));
    let positive = RowU32(min(max_signed, RowI32(HIGHEST_BITS)));
    let largest = bitcast<RowF32>(select(negative, positive, max_signed >= RowI32(0)));
    let negative_nan = select(RowU32(0u), max_bits & RowU32(MAGNITUDE), max_bits > RowU32(NEGATIVE_INFINITY));
    return Extremes(largest, max(RowU32(max(max_signed, RowI32(0))), negative_nan));
}

// prescale (x - max): finite where prescale is 1/2 at most, and exact but for the difference. postscale times it is
// scale (x - max), finite down to lowest_shifted and -infinity below.
fn shifted(x: vec4<f32>, max_: vec4<f32>) -> vec4<f32> {
    return fma(vec4<f32>(params.scaling.prescale), x, -params.scaling.prescale * max_);
}

// The same of any two numbers, bounded: one may be LOWEST because nothing was seen.
fn bounded_shifted(x: vec4<f32>, max_: vec4<f32>) -> vec4<f32> {
    return max(params.scaling.prescale * x - params.scaling.prescale * max_, vec4<f32>(LOWEST));
}

// exp(scale (x - max)) as a power of 2, whose 0th is 1 on every device: log2(e) postscale has a high and a low part, so that
// the exponent is off by no more than the roundings of a difference and of a product. The low part takes the difference
// before it is bounded: equal ones would be factored out, and the parts added.
fn exp_shifted(x: vec4<f32>, max_: vec4<f32>) -> vec4<f32> {
    let difference = shifted(x, max_);
    let at_least = max(difference, vec4<f32>(params.scaling.negligible_shifted));
    return exp2(fma(vec4<f32>(params.scaling.exp2_hi), at_least, params.scaling.exp2_lo * difference));
}

// Rows with NaN or +infinity are NaN, whatever comes of these here.
fn weight_of(logits: vec4<u32>, max_: vec4<f32>) -> vec4<f32> {
    let weighing = min(logits, vec4<u32>(LOWEST_BITS));
    return select(vec4<f32>(0.0), exp_shifted(bitcast<vec4<f32>>(weighing), max_), weighing == logits);
}
