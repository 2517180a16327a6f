// Places of invocations. WORKGROUP invocations are a workgroup, and LANES neighbours share a slot: one part of one row.
// Workgroups beyond one dimension's limit fold into the second and the third, so the last slots may lie past the end: they
// take part in every merge, and write nothing.

struct Invocation {
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>, // if !SUBGROUPS
    @builtin(subgroup_id) subgroup: u32, // if SUBGROUPS
    @builtin(subgroup_size) subgroup_size: u32, // if SUBGROUPS
    @builtin(subgroup_invocation_id) subgroup_lane: u32, // if SUBGROUPS
}

struct Place { slot: u32, lane: u32, local: u32 }

fn locate(invocation: Invocation) -> Place {
    params = given;
    let group = invocation.workgroup;
    let groups = invocation.workgroups;
    let first = ((group.z * groups.y + group.y) * groups.x + group.x) * (WORKGROUP / LANES);
    // The index, which is the same, takes software adapters three divisions a lane.
    let local = invocation.local.x; // if !SUBGROUPS
    // Right for any subgroup size, and any mapping of invocations to subgroups.
    let local = invocation.subgroup * invocation.subgroup_size + invocation.subgroup_lane; // if SUBGROUPS
    return Place(first + local / LANES, local % LANES, local);
}

// The columns [first, last) of a row that a slot serves.
struct Task { row: u32, first: u32, last: u32, part: u32, alive: bool }

// None of the columns of a row.
const NO_COLUMN: u32 = 0xffffffffu;

fn task_of(place: Place) -> Task {
    if IN_PARTS {
        return task_in_parts(place);
    }
    let alive = place.slot < params.grid.bin_rows;
    let row = min(params.grid.bin_first + place.slot, params.grid.rows - 1u); // if !CAUSAL
    let row = min(causal_row(place.slot), params.grid.rows - 1u); // if CAUSAL
    let first = 0u - shift_of(row); // if SHIFTED
    let first = 0u; // if !SHIFTED
    scale_by_row(row); // if ROW_SCALED
    return Task(row, first, params.grid.cols, 0u, alive);
}

// Slots past the end have no columns.
fn task_in_parts(place: Place) -> Task {
    let slot = place.slot / params.grid.parts;
    let part = params.grid.first_part + place.slot % params.grid.parts;
    let alive = slot < params.grid.bin_rows;
    let row = min(params.grid.bin_first + slot, params.grid.rows - 1u); // if !CAUSAL
    let row = min(causal_row(slot), params.grid.rows - 1u); // if CAUSAL
    let shift = shift_of(row); // if SHIFTED
    let shift = 0u; // if !SHIFTED
    scale_by_row(row); // if ROW_SCALED
    let first = part * params.grid.part_cols;
    let last = max(first, min(first + params.grid.part_cols, params.grid.cols + shift));
    return Task(row, select(0u, first - shift, alive), select(0u, last - shift, alive), part, alive);
}

// Elements of a row before its first multiple of four, alike in all matrices. Accesses of four begin up to three places
// before the first column: the columns there count down from the largest numbers.
fn shift_of(row: u32) -> u32 {
    return (params.grid.source_offset + row * params.grid.source_stride) & 3u;
}

// The length of [first, last) in whole blocks.
fn whole_blocks(first: u32, last: u32, block: u32) -> u32 {
    return (last - first) - (last - first) % block;
}
