<?php
// register.php: a portal's registration, one process for each page (as a web server runs them).
//
//   php register.php start NUMBER KEY [SUBJECT]   the form was sent: prints the verification's id
//   php register.php resend ID                    "Gửi lại OTP"
//   php register.php check ID KEY                 the code was typed (standard input)
//
// The first line tells the program what happened, the second is the sentence for the page. KEY is your own
// name for this one press of a button, so that a call that is repeated does nothing twice.

/** The answer: with "result", or with an "error" that a page can show as well. */
function call($method, $params) {
    $gate = stream_socket_client('unix://' . (getenv('OTPGATE_SOCKET') ?: '/run/otpgate/otpgate.sock'));
    stream_set_timeout($gate, 15);
    fwrite($gate, json_encode(['jsonrpc' => '2.0', 'id' => 1, 'method' => $method, 'params' => $params]) . "\n");
    return json_decode(fgets($gate), true);
}

function page($first, $sentence, $code) {
    echo "$first\n$sentence\n";
    exit($code);
}

[, $what, $name] = $argv;
if ($what === 'start') {
    $params = ['key' => $argv[3], 'to' => $name, 'purpose' => 'register'];
    if (isset($argv[4])) {
        $params['subject'] = $argv[4]; // a keyed hash of the ID number, made by the portal
    }
    $answer = call('otp.start', $params);
} elseif ($what === 'resend') {
    $answer = call('otp.resend', ['id' => $name]);
} else {
    $answer = call('otp.check', ['id' => $name, 'code' => trim(stream_get_contents(STDIN)), 'key' => $argv[3]]);
}
if (isset($answer['error'])) {
    $data = $answer['error']['data'];
    $sentence = $data['say']['vi'] ?? 'Hiện chưa thực hiện được. Vui lòng thử lại sau.';
    if (isset($data['retry_after_s'])) {
        $sentence .= " (sau {$data['retry_after_s']} giây)";
    }
    page("refused {$data['name']}", $sentence, 1);
}
$result = $answer['result'];
if ($what === 'check') {
    page($result['result'], $result['say']['vi'], $result['result'] === 'approved' ? 0 : 1);
}
page("id {$result['id']}", "Mã đã được gửi đến {$result['to_masked']}. Gửi lại được sau {$result['resend_after_s']} giây, "
    . "còn {$result['sends_left']} lần.", 0);
