// ---- constants

const WORKGROUP: u32 = 64u;
const LANES: u32 = 32u;
const SHUFFLED_STEPS: u32 = 5u;
const QUADS: u32 = 8u;

// ---- kernel/registers.wgsl
// A row in registers: LANES lanes a row, QUADS quads a lane. The row is read once and written once.

@compute @workgroup_size(WORKGROUP)
fn registers(invocation: Invocation) {
    let place = locate(invocation);
    let task = task_of(place);
    let at = starts_of(task.row);
    var row: Row;
    row = load_row(vec4<u32>(task.row));

    var x: array<Cached, QUADS>;
    var scanned = EMPTY_SCAN;
    for (var k = 0u; k < QUADS; k++) { // unrolled
        x[k] = load_quad(at, column_of_quad(task, place, k), k);
        scanned = scan(scanned, x[k]);
    }
    let extremes = reduce_extremes(place, extremes_of(scanned));

    var weights: array<vec4<f32>, QUADS>;
    var statistic: Statistic;
    var block: Terms;
    for (var k = 0u; k < QUADS; k++) { // unrolled
        let column = column_of_quad(task, place, k);
        let terms = terms_of(x[k], column, params.grid.cols, vec4<f32>(extremes.max), row);
        weights[k] = terms.weights;
        block = add_terms(block, terms);
        if k % 4u == 3u || k + 1u == QUADS {
            statistic = add_block(statistic, block);
            block = Terms();
        }
    }
    statistic.max = extremes.max;
    statistic.special = extremes.special;
    statistic = merge_lanes(place, statistic);
    row = finish_row(row, statistic);
    store_row_once(place, task, row);

    if !task.alive {
        return;
    }
    for (var k = 0u; k < QUADS; k++) { // unrolled
        let column = column_of_quad(task, place, k);
        write_quad(at, column, k, output(x[k], weights[k], column, row));
    }
    write_column(place, at, task.first, params.grid.cols, row);
}

// ---- formula/cross_entropy.wgsl
// loss = sum of t (scale (max - x) + ln(sum)) + L lse^2 over the target distribution t: the target's weight, or as smoothing and
// probabilities have it. dL/dx = S (p (a T + 2 b L lse) - a t), p = exp(scale (x - max)) / sum, T the sum of t; a and b are the
// upstream gradient, divided by what a mean of cross-entropy and z-loss divides by.
// An ignored row has loss and gradient 0 whatever it holds; a row with a bad target, or without probabilities, has NaN.
// Columns may be those of some classes only, from first_class on: a target beyond them is valid, and has no column and no loss
// here.

@group(0) @binding(6) var<storage, read_write> losses: array<u32>;
@group(0) @binding(14) var<uniform> tally: Tally;

// The gradient is prob_coeff exp(scale (x - max)) - target_coeff t, of which kept_bits leave nothing in an ignored row.
struct Row {
    role: vec4<u32>, column: vec4<u32>, logit: vec4<u32>, max: vec4<f32>, pair: Pair, loss: vec4<u32>,
    prob_coeff: vec4<f32>, target_coeff: vec4<f32>, nan_rows: vec4<bool>, kept_bits: vec4<u32>,
    column_output: vec4<u32>,
}

fn load_row(rows: vec4<u32>) -> Row {
    let found = load_target(rows);
    var row: Row;
    row.role = found.role;
    row.column = found.class_;
    row.logit = load_target_logits(rows, row.column);
    return row;
}

fn finish_row(loaded: Row, s: Statistic) -> Row {
    var row = loaded;
    row.pair = pair_of(s);
    return with_loss(row, s, log_of_sum(s));
}

fn with_loss(concluded: Row, s: Statistic, log_sum: vec4<f32>) -> Row {
    var row = concluded;
    row.max = value(row.pair.max);
    let is_ignored = row.role == vec4<u32>(IGNORED);
    let has_no_loss = (row.role == vec4<u32>(BAD)) | !is_finite(row.pair.max);
    row.loss = select(loss_of(row, s, log_sum), vec4<u32>(NAN), has_no_loss);
    row.loss = select(row.loss, vec4<u32>(0u), is_ignored);
    row.kept_bits = select(vec4<u32>(~0u), vec4<u32>(0u), is_ignored);
    row = with_gradient(row, s, log_sum);
    row.nan_rows |= has_no_loss;
    row.column_output = gradient_at_target(row);
    return row;
}

fn with_gradient(concluded: Row, s: Statistic, log_sum: vec4<f32>) -> Row {
    var row = concluded;
    var of_loss = vec4<u32>(ONE);
    if is_asked(MEAN) {
        let divisors = divisors_of(tally);
        of_loss = bitcast<vec4<u32>>(1.0 / value(vec4<u32>(divisors.weight_sum)));
    }
    let inverse_sum = value(row.pair.inverse_sum);
    row.target_coeff = params.scaling.slope * value(of_loss);
    row.prob_coeff = row.target_coeff * inverse_sum;
    return row;
}

fn store_row(index: u32, r: u32, row: Row) {
    losses[params.grid.bound_row + index] = row.loss[r];
}

fn output(x: Cached, weights: vec4<f32>, column: u32, row: Row) -> vec4<u32> {
    var gradient = weights * row.prob_coeff;
    var bits = set_nan(row.nan_rows, gradient);
    return bits & row.kept_bits;
}

// ---- formula/one_hot.wgsl
// A target distribution of one class: its weight is the whole sum, and the gradient at its column has a formula of its own.

fn load_target_logits(rows: vec4<u32>, columns: vec4<u32>) -> vec4<u32> {
    let e = source_elements(rows, select(columns, vec4<u32>(0u), columns == vec4<u32>(NO_COLUMN)));
    let loaded = vec4<u32>(load_source_one(e.x), load_source_one(e.y), load_source_one(e.z), load_source_one(e.w));
    return per_row(loaded);
}

// w (scale (max - x_t) + ln(sum)), never lse - x_t: right at logits of 1e8.
fn loss_of(row: Row, s: Statistic, log_sum: vec4<f32>) -> vec4<u32> {
    let difference = bounded_shifted(value(row.logit), row.max);
    let of_number = bitcast<vec4<u32>>(log_sum - params.scaling.postscale * difference);
    let unweighted = select(vec4<u32>(INFINITY), of_number, is_finite(row.logit));
    return unweighted;
}

// The gradient at the target's column.
fn gradient_at_target(row: Row) -> vec4<u32> {
    var of_target = row.target_coeff;
    var gradient = weight_of(row.logit, row.max) * row.prob_coeff - of_target;
    return set_nan(row.nan_rows, gradient);
}

// ---- logits.wgsl
// Logits, as they are read and scanned. A logit x has the weight exp(scale (x - max)), and -infinity the weight 0. A softcap, a
// mask and causal rows change logits as they are read. Beside them are read, if PROBS, the probabilities that are targets.

struct Cached { logits: vec4<u32> }
struct Starts { source: u32, result: u32 }

fn starts_of(row: u32) -> Starts {
    var at: Starts;
    at.source = start_of(params.grid.source_offset, params.grid.source_stride, row);
    at.result = start_of(params.grid.result_offset, params.grid.result_stride, row);
    return at;
}

// The columns of an access, -infinity in place of those that are not within the row.
fn load(at: Starts, column: u32, within: vec4<bool>) -> Cached {
    var x: Cached;
    x.logits = load_source(element_at(at.source, column));
    x.logits = select(vec4<u32>(NEGATIVE_INFINITY), x.logits, within);
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
    let max_bits = row_max(scanned.max);
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

// ---- reduce/subgroup.wgsl
// LANES lanes a row, a power of two. SHUFFLED of them, all or as many as the smallest subgroup has, merge by a butterfly of
// shuffles: it adds a + b on one lane and b + a on the other, so every lane holds the same bits. HYBRID rows have more lanes:
// one value of each SHUFFLED lanes goes through workgroup memory. A lane then reads those of SERIES times as many lanes, one
// after the other, and a butterfly of TOGETHER lanes merges the rest. The first barrier lets the readers of an earlier merge
// finish. Slots past the end take part: no barrier stands in divergent flow.

fn reduce_extremes(place: Place, mine: Extremes) -> Extremes {
    var merged = mine;
    for (var step = 0u; step < SHUFFLED_STEPS; step++) { // unrolled
        merged.max = max(merged.max, subgroupShuffleXor(merged.max, 1u << step));
        merged.special = max(merged.special, subgroupShuffleXor(merged.special, 1u << step));
    }
    return merged;
}

fn reduce_sum(place: Place, mine: f32) -> f32 {
    var merged = mine;
    for (var step = 0u; step < SHUFFLED_STEPS; step++) { // unrolled
        merged += subgroupShuffleXor(merged, 1u << step);
    }
    return merged;
}

// ---- storage/f32_quads.wgsl
// f32 rows of which every one starts on a multiple of four elements: one 16-byte access moves four values, WIDE64 as two 64-bit
// integers. Columns past the row's end, up to the next multiple of four, are padding of the row's own: it is read, masked, and kept.
// Rows that are SHIFTED share an access with the row before: they are written as words.

alias Unit = vec4<u32>;
alias ResultUnit = vec4<u32>;

fn load_source(element: u32) -> vec4<u32> {
    return source[element >> 2u];
}

fn load_source_one(element: u32) -> u32 {
    return source[element >> 2u][element & 3u];
}

fn store_result(element: u32, bits: vec4<u32>) {
    result[element >> 2u] = bits;
}

fn store_result_one(element: u32, bits: u32) {
    result[element >> 2u][element & 3u] = bits;
}

// ---- kernel/quads.wgsl
// LANES lanes a row, each with QUADS quads of it: lane l has the quads l, l + LANES, l + 2 LANES and so on. Serves rows of up to
// 4 LANES QUADS columns, and of more than 4 LANES (QUADS - 1): every quad but the last of a lane is whole, and so is the last one
// where the row is WHOLE; a HALVED row ends in half a quad. Where the row is SHIFTED, up to three places before it count as columns,
// and the first quad need not be whole, nor the last but one. Of causal rows, the first COUNTED quads are counted whole by every row.

fn column_of_quad(task: Task, place: Place, k: u32) -> u32 {
    return task.first + (k * LANES + place.lane) * 4u;
}

fn load_quad(at: Starts, column: u32, k: u32) -> Cached {
    return load(at, column, vec4<bool>(true));
}

fn write_quad(at: Starts, column: u32, k: u32, bits: vec4<u32>) {
    let element = element_at(at.result, column);
    store_result(element, bits);
}

// ---- kernel/column.wgsl
// One column of a row, that of the target or of the diagonal, has an output of its own. It is written a second time, by the lane
// that has written it with the others: cheaper than to ask of every column whether it is the one. Of short rows, software adapters
// ask: HOLDS_TARGET.

// The lane that writes a column, of those that serve the columns [first, last), owns it.
fn owns(place: Place, column: u32, first: u32, last: u32) -> bool {
    return column < last && column - first < last - first && ((column - first) >> 2u) % LANES == place.lane;
}

fn write_column(place: Place, at: Starts, first: u32, last: u32, row: Row) {
    if owns(place, row.column.x, first, last) {
        store_result_one(element_at(at.result, row.column.x), row.column_output.x);
    }
}

// Stores what is kept of a row, by the first lane or, where one column is by itself, by the one that serves it: in place, another
// lane may have read that column too late, and of a row longer than a binding, other dispatches do not have it.
fn store_row_once(place: Place, task: Task, row: Row) {
    var stores = task.part == 0u && place.lane == 0u;
    let is_owner = owns(place, row.column.x, task.first, task.last);
    stores = select(is_owner, stores, row.column.x == NO_COLUMN);
    if task.alive && stores {
        store_row(task.row, 0u, row);
    }
}

// ---- statistic.wgsl
// The statistic of a row: its largest value, the sum of its weights relative to that, and the worst special value. Two merge into
// one: max = max(a.max, b.max), sum = a.sum exp(a.max - max) + b.sum exp(b.max - max), special = max(a.special, b.special).
// A lane folds elements, lanes merge, and the parts of a row merge: always the maximum first, so that each sum is rescaled once.
//
// DENSE adds the sums of a target distribution t: of t, and of t (max - x). TRACK_ENTROPY adds the moment, the sum of
// w scale (x - max) over the weights w. TRACK_ARGMAX adds the lowest column that holds the maximum.

// `special` is the magnitude bits of the worst element: INFINITY for +infinity, above it for NaN, below it for neither.
struct Extremes { max: RowF32, special: RowU32 }

struct Statistic { max: RowF32, special: RowU32, sum: RowF32 }

// The terms that one access adds to the sums.
struct Terms { weights: vec4<f32> }

fn terms_of(x: Cached, column: u32, last: u32, max_: vec4<f32>, row: Row) -> Terms {
    var terms: Terms;
    terms.weights = weight_of(x.logits, max_);
    return terms;
}

fn add_terms(a: Terms, b: Terms) -> Terms {
    var terms: Terms;
    terms.weights = a.weights + b.weights;
    return terms;
}

// Adds the terms of a block: few blocks, that a row in registers has.
fn add_block(so_far: Statistic, terms: Terms) -> Statistic {
    var s = so_far;
    s.sum += row_sum(terms.weights);
    return s;
}

// The statistic of a row from those of its lanes, which are relative to one maximum.
fn merge_lanes(place: Place, mine: Statistic) -> Statistic {
    var merged = mine;
    merged.sum = reduce_sum(place, mine.sum);
    return merged;
}

// Rows with NaN or +infinity, and those with nothing left, unless these are to give zeros, have no probabilities.
fn has_no_probs(s: Statistic) -> vec4<bool> {
    let is_empty = (vec4<f32>(s.sum) == vec4<f32>(0.0)) & vec4<bool>(params.scaling.zero_empty_rows == 0u);
    return is_empty | (vec4<u32>(s.special) >= vec4<u32>(INFINITY));
}

// 1 / sum, exactly 1 for 1.
fn inverse(sum: vec4<f32>) -> vec4<f32> {
    return select(1.0 / max(sum, vec4<f32>(0x1p-126f)), vec4<f32>(1.0), sum == vec4<f32>(1.0));
}

fn log_of_sum(s: Statistic) -> vec4<f32> {
    return natural_log(max(vec4<f32>(s.sum), vec4<f32>(1.0)));
}

// ---- target.wgsl
// The targets of rows, what was asked of a loss, and arithmetic on bits that are infinite or NaN where they are.
// A PLAIN_LOSS has ids of one word or probabilities, of all classes, and no weights, z-loss, upstream gradient or saved pairs.

@group(0) @binding(5) var<storage, read> target_ids: array<u32>;
const HAS_IGNORE_INDEX: u32 = 1u; // the class id of ignored rows is given
const MEAN: u32 = 2u; // losses are averaged; the gradient is that of a mean

fn is_asked(flag: u32) -> bool {
    return (params.loss.flags & flag) != 0u;
}

const VALID: u32 = 0u;
const IGNORED: u32 = 1u;
const BAD: u32 = 2u;

// The role and the class of each row's target.
struct Target { role: vec4<u32>, class_: vec4<u32> }

// The targets of rows: a class id each, of one word or of two. The ignored id is tested first: it may lie outside the range. With
// probabilities for targets every row counts, and counts once.
fn load_target(rows: vec4<u32>) -> Target {
    let at = (params.grid.bound_row + rows) * params.loss.id_words;
    let low = per_row(vec4<u32>(target_ids[at.x], target_ids[at.y], target_ids[at.z], target_ids[at.w]));
    var is_ignored = vec4<bool>(is_asked(HAS_IGNORE_INDEX)) & (low == vec4<u32>(params.loss.ignored_low));
    var is_bad = low >= vec4<u32>(params.loss.classes);
    let role = select(select(vec4<u32>(VALID), vec4<u32>(BAD), is_bad), vec4<u32>(IGNORED), is_ignored);
    return Target(role, select(vec4<u32>(NO_COLUMN), low, role == vec4<u32>(VALID)));
}

// The tally of all rows. Counts are exact. The last three are the bits of f32: sums until the record is published, and then loss
// and z_loss are the reduced ones, loss with z_loss in it.
struct Tally {
    valid_rows: u32, bad_targets: u32, first_bad_row: u32, nan_rows: u32, infinite_rows: u32,
    weight_sum: u32, loss: u32, z_loss: u32,
}

// The divisors of a mean: the sum of the targets' weights for the cross-entropy, the count of valid rows for the z-loss.
struct Divisors { weight_sum: u32, valid_rows: u32 }

fn divisors_of(of_all: Tally) -> Divisors {
    return Divisors(of_all.weight_sum, bitcast<u32>(f32(of_all.valid_rows)));
}

// ---- pairs.wgsl
// The pair of a row, saved for what follows: the bits of max and of 1 / sum. A row without probabilities has its infinite or NaN
// lse in place of max.

struct Pair { max: vec4<u32>, inverse_sum: vec4<u32> }

fn pair_of(s: Statistic) -> Pair {
    let no_probs = has_no_probs(s);
    let inverse_sum = bitcast<vec4<u32>>(inverse(vec4<f32>(s.sum)));
    return Pair(
        select(bitcast<vec4<u32>>(vec4<f32>(s.max)), vec4<u32>(NAN), no_probs),
        select(inverse_sum, vec4<u32>(NAN), no_probs),
    );
}

// ---- storage/buffers.wgsl
// The matrices of a kernel, by the units that one access moves.

@group(0) @binding(1) var<storage, read> source: array<Unit>;
@group(0) @binding(3) var<storage, read_write> result: array<ResultUnit>;

// ---- rows.wgsl
// The four values of an access: four neighbouring columns of one row, or, STRIDED, one column of four neighbouring rows on
// a strided axis. A number of a row is a vector with a component for each value: of one row, all are equal. Accumulators
// of loops have one component a row.

alias RowF32 = f32;
alias RowU32 = u32;
alias RowI32 = i32;

fn start_of(offset: u32, stride: u32, row: u32) -> u32 {
    return offset + row * stride;
}

fn element_at(start: u32, column: u32) -> u32 {
    return start + column;
}

// A value a row, loaded for each component; of one row the first load counts, and the others vanish.
fn per_row(loaded: vec4<u32>) -> vec4<u32> {
    return loaded.xxxx;
}

// The fold of an access within each row.
fn row_sum(values: vec4<f32>) -> RowF32 {
    return (values.x + values.y) + (values.z + values.w);
}

fn row_max(values: vec4<u32>) -> RowU32 {
    return max(max(values.x, values.y), max(values.z, values.w));
}

fn row_max_signed(values: vec4<i32>) -> RowI32 {
    return max(max(values.x, values.y), max(values.z, values.w));
}

fn row_min(values: vec4<u32>) -> RowU32 {
    return min(min(values.x, values.y), min(values.z, values.w));
}

// The elements of one column of each row.
fn source_elements(rows: vec4<u32>, columns: vec4<u32>) -> vec4<u32> {
    let offset = params.grid.source_offset;
    return offset + rows * params.grid.source_stride + columns;
}

// ---- grid.wgsl
// Places of invocations. WORKGROUP invocations are a workgroup, and LANES neighbours share a slot: one part of one row.
// Workgroups beyond one dimension's limit fold into the second and the third, so the last slots may lie past the end: they
// take part in every merge, and write nothing.

struct Invocation {
    @builtin(workgroup_id) workgroup: vec3<u32>, @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32, @builtin(subgroup_size) subgroup_size: u32,
    @builtin(subgroup_invocation_id) subgroup_lane: u32,
}

struct Place { slot: u32, lane: u32, local: u32 }

fn locate(invocation: Invocation) -> Place {
    params = given;
    let group = invocation.workgroup;
    let groups = invocation.workgroups;
    let first = ((group.z * groups.y + group.y) * groups.x + group.x) * (WORKGROUP / LANES);
    // The index, which is the same, takes software adapters three divisions a lane.
    // Right for any subgroup size, and any mapping of invocations to subgroups.
    let local = invocation.subgroup * invocation.subgroup_size + invocation.subgroup_lane;
    return Place(first + local / LANES, local % LANES, local);
}

// The columns [first, last) of a row that a slot serves.
struct Task { row: u32, first: u32, last: u32, part: u32, alive: bool }

// None of the columns of a row.
const NO_COLUMN: u32 = 0xffffffffu;

fn task_of(place: Place) -> Task {
    let alive = place.slot < params.grid.bin_rows;
    let row = min(params.grid.bin_first + place.slot, params.grid.rows - 1u);
    let first = 0u;
    return Task(row, first, params.grid.cols, 0u, alive);
}

// ---- params.wgsl
// The numbers of a dispatch, as src/shader/params.rs has them.

// The rows of a dispatch, and where they lie.
struct Grid {
    rows: u32, cols: u32, gap2: vec2<u32>, gap4: u32, bound_row: u32, gap6: vec2<u32>, gap8: vec2<u32>, gap10: u32,
    source_offset: u32, source_stride: u32, gap13: u32, gap14: u32, result_offset: u32, result_stride: u32, gap17: u32,
    bin_first: u32, gap19: u32, bin_rows: u32, gap21: u32, gap22: u32,
}

// The scale of the logits, and what follows from it.
struct Scaling {
    gap0: u32, slope: f32, prescale: f32, postscale: f32, gap4: u32, negligible_shifted: f32, exp2_hi: f32,
    exp2_lo: f32, gap8: vec4<u32>, zero_empty_rows: u32,
}

struct Loss {
    flags: u32, gap1: u32, classes: u32, id_words: u32, ignored_low: u32, gap5: u32, gap6: vec2<u32>, gap8: vec2<u32>,
    weight_sum: u32, valid_rows: u32, gap12: vec4<u32>,
}

struct Params { grid: Grid, @align(16) scaling: Scaling, @align(16) loss: Loss }
@group(0) @binding(0) var<uniform> given: Params;

// A copy: software adapters would read the uniform again, lane by lane, at every use in a loop.
var<private> params: Params;

// ---- bits.wgsl
// Values enter and leave as their 32 bits. WGSL lets a compiler assume that NaN and infinity do not occur, so they are told
// apart here, as integers: no result depends on one that stands in an f32.

const MAGNITUDE: u32 = 0x7fffffffu;
const INFINITY: u32 = 0x7f800000u;
const NEGATIVE_INFINITY: u32 = 0xff800000u;
const NAN: u32 = 0x7fc00000u;
const ONE: u32 = 0x3f800000u;
const LOWEST: f32 = -0x1.fffffep+127f;
const LOWEST_BITS: u32 = 0xff7fffffu;
const HIGHEST_BITS: i32 = 0x7f7fffff;

fn is_finite(bits: vec4<u32>) -> vec4<bool> {
    return (bits & vec4<u32>(MAGNITUDE)) < vec4<u32>(INFINITY);
}

// The value itself; in place of NaN and infinity the finite one of the same sign that is largest in magnitude. As
// unsigned numbers the negative ones of these are the largest, as signed numbers the positive ones.
fn value(bits: vec4<u32>) -> vec4<f32> {
    let not_below = bitcast<vec4<i32>>(min(bits, vec4<u32>(LOWEST_BITS)));
    return bitcast<vec4<f32>>(min(not_below, vec4<i32>(HIGHEST_BITS)));
}

// NaN in nan_rows: the quiet NaN's bits are set in every value.
fn set_nan(nan_rows: vec4<bool>, values: vec4<f32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(values) | select(vec4<u32>(0u), vec4<u32>(NAN), nan_rows);
}

// ln(s) for a finite s >= 2^-126, to 2 ulp on every driver: s = 2^k m with m in [sqrt(1/2), sqrt(2)),
// f = (m - 1) / (m + 1), ln m = 2 (f + f^3/3 + f^5/5 + ...).
fn natural_log(s: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(s);
    let k = (bitcast<vec4<i32>>(bits) - vec4<i32>(0x3f3504f3)) >> vec4<u32>(23u);
    let m = bitcast<vec4<f32>>(bits - (bitcast<vec4<u32>>(k) << vec4<u32>(23u)));
    let f = (m - 1.0) / (m + 1.0);
    let q = f * f;
    let tail = q * (0.66666667 + q * (0.4 + q * (0.28571429 + q * 0.23)));
    return vec4<f32>(k) * 0.69314718 + (2.0 * f + f * tail);
}
