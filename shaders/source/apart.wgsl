// What is read first lies in a buffer of its own.

@group(0) @binding(1) var<storage, read> source: array<Unit>;

fn source_at(index: u32) -> Unit {
    return source[index];
}
