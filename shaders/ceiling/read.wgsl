// The ceiling of what only reads. An invocation folds all that it reads into one word, bit by bit, and writes it where
// the host wants it: always, to prove that everything was read, or almost never, to time reading alone. The compiler
// cannot know which.

@group(0) @binding(2) var<storage, read_write> seen_words: array<u32>;

fn report(invocation: Invocation, seen: Unit) {
    let words = words_of(seen);
    let word = (words.x ^ words.y) ^ (words.z ^ words.w);
    if tile_of(invocation) < work.tiles && (word & work.mask) == work.needle {
        seen_words[tile_of(invocation) * WORKGROUP + invocation.local] = word;
    }
}

fn loaded(at: u32) -> Unit {
    return through_exp(load(at));
}

@compute @workgroup_size(WORKGROUP)
fn read_singly(invocation: Invocation) {
    let first = first_of(invocation);
    var seen = Unit();
    for (var k = 0u; k < QUADS; k++) {
        seen ^= loaded(first + k * SPAN);
    }
    report(invocation, seen);
}

@compute @workgroup_size(WORKGROUP)
fn read_by_fours(invocation: Invocation) {
    let first = first_of(invocation);
    var seen = Unit();
    for (var k = 0u; k < QUADS; k += 4u) {
        let a = first + k * SPAN;
        let b = a + SPAN;
        let c = b + SPAN;
        seen ^= (loaded(a) ^ loaded(b)) ^ (loaded(c) ^ loaded(c + SPAN));
    }
    report(invocation, seen);
}
