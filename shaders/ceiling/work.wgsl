// What the ceilings share: which 16 bytes an invocation moves. A tile of WORKGROUP x QUADS of them goes to a workgroup;
// SPAN neighbours lie side by side, and an invocation's next ones are SPAN further. EXPS values of every 32-bit word go
// through exp: 0, or 1 of f32, or 2 of 16-bit storage.

override WORKGROUP: u32;
override SPAN: u32;
override QUADS: u32;
override EXPS: u32;

struct Work {
    // How many 16 bytes there are, and how many tiles.
    quads: u32,
    tiles: u32,
    // What is read becomes one word an invocation. It is written where its bits under the mask are the needle.
    mask: u32,
    needle: u32,
}

@group(0) @binding(0) var<uniform> work: Work;
@group(0) @binding(1) var<storage, read> source: array<Unit>;

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
    let bits = words_of(unit);
    let upper = bitcast<vec4<u32>>(exp(bitcast<vec4<f32>>(bits)));
    if EXPS == 1u {
        return unit_of(upper);
    }
    let lower = bitcast<vec4<u32>>(exp(bitcast<vec4<f32>>(bits << vec4<u32>(16u))));
    return unit_of((upper & vec4<u32>(0xffff0000u)) | (lower >> vec4<u32>(16u)));
}
