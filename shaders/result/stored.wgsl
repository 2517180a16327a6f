// The operation writes a matrix.

const WRITES_RESULT: bool = true;

fn write_result_whole(element: u32, bits: vec4<u32>) {
    store_result_whole(element, bits);
}

fn write_result(element: u32, count: u32, bits: vec4<u32>) {
    store_result(element, count, bits);
}
