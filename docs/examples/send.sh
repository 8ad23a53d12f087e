#!/bin/bash
# send.sh NUMBER KEY: sends the line on standard input and waits until it has left.
coproc GATE { exec socat - "UNIX-CONNECT:${OTPGATE_SOCKET:-/run/otpgate/otpgate.sock}"; }
socat=$GATE_PID
ask() {
    printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":{%s}}\n' "$1" "$2" >&"${GATE[1]}" &&
        read -r -t 35 answer <&"${GATE[0]}" && echo "$answer"
}
text=$(sed 's/[\\"]/\\&/g')
ask message.send "\"key\":\"$2\",\"to\":\"$1\",\"text\":\"$text\",\"ttl_s\":300"
ask message.get "\"key\":\"$2\",\"wait_ms\":30000"
kill "$socat"
[[ $answer == *'"result"'* ]]
