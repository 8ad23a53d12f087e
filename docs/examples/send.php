<?php // php send.php NUMBER KEY: sends the text on standard input and waits until it has left.
$gate = stream_socket_client('unix://' . (getenv('OTPGATE_SOCKET') ?: '/run/otpgate/otpgate.sock'));
stream_set_timeout($gate, 35);

function call($method, $params) {
    global $gate;
    fwrite($gate, json_encode(['jsonrpc' => '2.0', 'id' => 1, 'method' => $method, 'params' => $params]) . "\n");
    $answer = json_decode(fgets($gate), true);
    if (isset($answer['error'])) {
        fwrite(STDERR, "{$answer['error']['data']['name']}: {$answer['error']['message']}\n");
        exit(1);
    }
    return $answer['result'];
}

[, $number, $key] = $argv;
call('message.send', ['key' => $key, 'to' => $number, 'text' => rtrim(stream_get_contents(STDIN), "\n"), 'ttl_s' => 300]);
echo call('message.get', ['key' => $key, 'wait_ms' => 30000])['state'], "\n";
