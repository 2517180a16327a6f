// What one access moves: four words, as two 64-bit integers.

alias Unit = vec2<u64>;

fn words_of(unit: Unit) -> vec4<u32> {
    return vec4<u32>(words_of_long(unit.x), words_of_long(unit.y));
}

fn unit_of(words: vec4<u32>) -> Unit {
    return Unit(long_of_words(words.xy), long_of_words(words.zw));
}
