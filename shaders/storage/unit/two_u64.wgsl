// What one access moves: four words, as two 64-bit integers.

alias Unit = vec2<u64>;

fn words_of(unit: Unit) -> vec4<u32> {
    return words_of_two_u64(unit);
}

fn unit_of(words: vec4<u32>) -> Unit {
    return Unit(u64_of_words(words.xy), u64_of_words(words.zw));
}
