// The ceilings that a bench compares with. `copy_ceiling` reads and writes every 16 bytes once. `read_ceiling` only reads: an
// invocation folds all that it reads into one word, bit by bit, and writes it where the host wants it: always, to prove that
// everything was read, or almost never, to time reading alone. The compiler cannot know which.
//
// A tile of WORKGROUP x QUADS units of 16 bytes goes to a workgroup; SPAN neighbours stand together, and an invocation's next units
// are SPAN further. FLIGHT of them are loaded before the first is used. EXPS values of every 32-bit word go through exp: 0, or 1 of
// f32, or 2 of 16-bit storage.

override WORKGROUP: u32;
override SPAN: u32;
override QUADS: u32;
override EXPS: u32;

// The word of an invocation that reads is written where its bits under the mask are the needle.
struct Work { quads: u32, tiles: u32, mask: u32, needle: u32 }

alias Unit = vec4<u32>; // if !WIDE64
alias Unit = vec2<u64>; // if WIDE64

@group(0) @binding(0) var<uniform> work: Work;
@group(0) @binding(1) var<storage, read> source: array<Unit>;
@group(0) @binding(2) var<storage, read_write> destination: array<Unit>; // if !READS
@group(0) @binding(2) var<storage, read_write> seen_words: array<u32>; // if READS

struct Invocation {
    @builtin(workgroup_id) workgroup: vec3<u32>,
    @builtin(num_workgroups) workgroups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
}

fn tile_of(invocation: Invocation) -> u32 {
    let row = invocation.workgroup.z * invocation.workgroups.y + invocation.workgroup.y;
    return row * invocation.workgroups.x + invocation.workgroup.x;
}

fn first_of(invocation: Invocation) -> u32 {
    let span = tile_of(invocation) * (WORKGROUP / SPAN) + invocation.local / SPAN;
    return span * (SPAN * QUADS) + invocation.local % SPAN;
}

fn words(unit: Unit) -> vec4<u32> {
    return unit; // if !WIDE64
    return words_of_two(unit); // if WIDE64
}

fn unit_of(words: vec4<u32>) -> Unit {
    return words; // if !WIDE64
    return wide_of_two(words); // if WIDE64
}

fn load(at: u32) -> Unit {
    if at < work.quads {
        return source[at];
    }
    return Unit();
}

fn through_exp(unit: Unit) -> Unit {
    if EXPS == 0u {
        return unit;
    }
    let bits = words(unit);
    let upper = bitcast<vec4<u32>>(exp(bitcast<vec4<f32>>(bits)));
    if EXPS == 1u {
        return unit_of(upper);
    }
    let lower = bitcast<vec4<u32>>(exp(bitcast<vec4<f32>>(bits << vec4<u32>(16u))));
    return unit_of((upper & vec4<u32>(0xffff0000u)) | (lower >> vec4<u32>(16u)));
}

fn store(at: u32, unit: Unit) {
    if at < work.quads {
        destination[at] = through_exp(unit);
    }
}

fn report(invocation: Invocation, seen: vec4<u32>) {
    let word = (seen.x ^ seen.y) ^ (seen.z ^ seen.w);
    if tile_of(invocation) < work.tiles && (word & work.mask) == work.needle {
        seen_words[tile_of(invocation) * WORKGROUP + invocation.local] = word;
    }
}

@compute @workgroup_size(WORKGROUP)
fn copy_ceiling(invocation: Invocation) {
    let first = first_of(invocation);
    for (var k = 0u; k < QUADS; k += FLIGHT) {
        var units: array<Unit, FLIGHT>;
        for (var i = 0u; i < FLIGHT; i++) { // unrolled
            units[i] = load(first + (k + i) * SPAN);
        }
        for (var i = 0u; i < FLIGHT; i++) { // unrolled
            store(first + (k + i) * SPAN, units[i]);
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn read_ceiling(invocation: Invocation) {
    let first = first_of(invocation);
    var seen = Unit();
    for (var k = 0u; k < QUADS; k += FLIGHT) {
        for (var i = 0u; i < FLIGHT; i++) { // unrolled
            seen ^= through_exp(load(first + (k + i) * SPAN));
        }
    }
    report(invocation, words(seen));
}
