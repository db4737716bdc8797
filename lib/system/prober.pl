# What Node cannot do: raw and packet sockets, and sockets that are bound to a network card. Of perl-base alone.
#
# perl -e PROGRAM witness
#   "frame SECONDS INTERFACE HARDWARE ETHERTYPE HEX" of each frame that leaves through any interface: a packet socket is shown
#   it after every filter, on its way to the card. To the line "count": "lost FRAMES", after all that left before.
# perl -e PROGRAM sender USER
#   Probes, "ID METHOD FAMILY CARD ADDRESS SCOPE NUMBER HEX" each, "-" for what there is not. To the line ".": of each probe
#   "ID PORT OUTCOME [ERROR]", then "."; the port that it was sent from by TCP, or 0; the outcome "sent", "connected",
#   "refused", or "impossible" where the system gives no such socket.
use strict;
use warnings;
use Errno;
use POSIX ();
use Socket qw(:DEFAULT SOCK_NONBLOCK inet_pton pack_sockaddr_in6);

use constant {
    AF_PACKET => 17, ETH_P_ALL => 3, SOL_PACKET => 263, PACKET_STATISTICS => 6, PACKET_OUTGOING => 4,
    SO_BINDTODEVICE => 25, SO_ATTACH_FILTER => 26, SO_RCVBUFFORCE => 33, IP_ADD_MEMBERSHIP => 35, IPV6_JOIN_GROUP => 20,
    SIOCGSTAMPNS => 0x8907, SIOCGIFNAME => 0x8910, SIOCGIFINDEX => 0x8933, SNAPLEN => 256,
};
my $ll = 'S n i S C C a8';    # struct sockaddr_ll
my %name_of = map { (Errno->can($_)->() => $_) } grep { Errno->can($_) } keys %!;

sub error_name { return $name_of{ $_[0] + 0 } // "error-" . ($_[0] + 0) }

sub packet_socket {
    my ($device) = @_;
    socket(my $socket, AF_PACKET, SOCK_RAW, 0) or die "packet socket: $!\n";
    return $socket unless defined $device;
    bind($socket, pack($ll, AF_PACKET, 0, index_of($socket, $device), 0, 0, 0, '')) or die "bind: $!\n";
    return $socket;
}

sub index_of {
    my ($socket, $device) = @_;
    my $request = pack('a16 x16', $device) . "\0" x 32;
    ioctl($socket, SIOCGIFINDEX, $request) or die "$device: $!\n";
    return unpack('x16 i', $request);
}

sub name_of_index {
    my ($socket, $index) = @_;
    my $request = pack('x16 i x12', $index) . "\0" x 32;
    return ioctl($socket, SIOCGIFNAME, $request) ? unpack('Z16', $request) : '?';
}

sub witness {
    my $socket = packet_socket();
    # Only what leaves, and only its beginning.
    my $filter = join '', map { pack 'S C C L', @$_ } [0x20, 0, 0, 0xfffff004], [0x15, 0, 1, PACKET_OUTGOING],
        [0x06, 0, 0, SNAPLEN], [0x06, 0, 0, 0];
    my $align = length pack 'P', '';
    setsockopt($socket, SOL_SOCKET, SO_ATTACH_FILTER, pack("S x!$align P", 4, $filter)) or die "filter: $!\n";
    setsockopt($socket, SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20);
    # The first question has no answer: it has the kernel keep the times.
    my $time = "\0" x 64;
    ioctl($socket, SIOCGSTAMPNS, $time);
    bind($socket, pack($ll, AF_PACKET, ETH_P_ALL, 0, 0, 0, 0, '')) or die "bind: $!\n";
    $| = 1;
    print "ready\n";
    $| = 0;
    my %names;
    my $read_all = sub {
        my $lines = '';
        while (defined(my $from = recv($socket, my $frame, SNAPLEN, MSG_DONTWAIT))) {
            my (undef, $protocol, $index, $hardware) = unpack $ll, $from;
            my ($seconds, $nanoseconds) =
                ioctl($socket, SIOCGSTAMPNS, $time) ? unpack('l! l!', $time) : (time, 0);
            my $name = $names{$index} //= name_of_index($socket, $index);
            $lines .= sprintf "frame %d.%09d %s %d %d %s\n", $seconds, $nanoseconds, $name, $hardware, $protocol,
                unpack('H*', $frame);
        }
        syswrite_all($lines);
    };
    my $lost  = 0;
    my $asked = '';
    while (1) {
        my $ready = '';
        vec($ready, fileno $_, 1) = 1 for $socket, \*STDIN;
        select($ready, undef, undef, undef);
        if (vec $ready, fileno(STDIN), 1) {
            sysread(STDIN, $asked, 4096, length $asked) or last;
        }
        $read_all->();
        while ($asked =~ s/^count\n//) {
            my $statistics = getsockopt($socket, SOL_PACKET, PACKET_STATISTICS) // die "statistics: $!\n";
            $lost += (unpack 'L L', $statistics)[1];
            syswrite_all("lost $lost\n");
        }
    }
}

sub syswrite_all {
    my ($text) = @_;
    while (length $text) {
        my $written = syswrite(STDOUT, $text) // exit 1;
        substr($text, 0, $written, '');
    }
}

sub become {
    my ($user) = @_;
    return if $user eq 'root';
    my (undef, undef, $uid, $gid) = getpwnam $user;
    ($uid, $gid) = (65534, 65534) unless $uid;
    $) = "$gid $gid";
    POSIX::setgid($gid);
    POSIX::setuid($uid);
    die "cannot become $user\n" if $< != $uid or $> != $uid or $( =~ /\b0\b/ or $) =~ /\b0\b/;
}

sub sender {
    become($_[0]);
    $| = 1;
    print "ready\n";
    my @batch;
    while (my $line = <STDIN>) {
        chomp $line;
        if ($line ne '.') { push @batch, [split / /, $line]; next }
        print map({ "$_\n" } send_all(@batch)), ".\n";
        @batch = ();
    }
}

sub send_all {
    my @told = map { { id => $_->[0], method => $_->[1], port => 0, send_one(@$_) } } @_;
    # What refuses answers at once; groups are announced by a timer of one or two ticks.
    select(undef, undef, undef, 0.06);
    return map { settle($_) } @told;
}

sub settle {
    my ($told) = @_;
    my ($method, $socket) = @$told{qw(method socket)};
    if ($told->{outcome} eq 'sent' and $method ne 'frame') {
        my $error = unpack 'i', getsockopt($socket, SOL_SOCKET, SO_ERROR) // pack 'i', 0;
        if ($error) { $told->{outcome} = 'refused ' . error_name($error) }
        elsif ($method eq 'tcp' and defined getpeername($socket)) { $told->{outcome} = 'connected' }
    }
    # No connection outlives its probe.
    setsockopt($socket, SOL_SOCKET, SO_LINGER, pack 'i i', 1, 0) if $method eq 'tcp' and defined $socket;
    return join ' ', @$told{qw(id port outcome)};
}

sub refused    { return outcome => 'refused ' . error_name($!) }
sub impossible { return outcome => 'impossible ' . error_name($!) }

sub send_one {
    my (undef, $method, $family, $card, $address, $scope, $number, $hex) = @_;
    my $bytes = $hex eq '-' ? '' : pack 'H*', $hex;
    if ($method eq 'frame') {
        my $socket = eval { packet_socket($card) } or return impossible();
        return defined send($socket, $bytes, 0) ? (outcome => 'sent') : refused();
    }
    my $domain = $family == 4 ? AF_INET : AF_INET6;
    my ($type, $protocol) = type_of($method, $family, $number);
    socket(my $socket, $domain, $type | SOCK_NONBLOCK, $protocol) or return impossible();
    setsockopt($socket, SOL_SOCKET, SO_BROADCAST, 1) if $type != SOCK_STREAM;
    if ($card ne '-') { setsockopt($socket, SOL_SOCKET, SO_BINDTODEVICE, "$card\0") or return impossible() }
    my $where = inet_pton($domain, $address) // die "address $address\n";
    return (socket => $socket, join_group($socket, $family, $where, $scope)) if $method eq 'join';
    my $port = 0;
    if ($method eq 'tcp') {
        # A segment has no room for a marker: it is known by the port that it comes from.
        my $any = $family == 4 ? pack_sockaddr_in(0, INADDR_ANY) : pack_sockaddr_in6(0, "\0" x 16, 0);
        bind($socket, $any) or return impossible();
        $port = unpack 'x2 n', getsockname($socket);
    }
    my $far = $method eq 'tcp' || $method eq 'udp' ? $number : 0;
    my $to = $family == 4 ? pack_sockaddr_in($far, $where) : pack_sockaddr_in6($far, $where, $scope);
    my @known = (socket => $socket, port => $port);
    unless (connect($socket, $to)) {
        return (@known, $method eq 'tcp' && $!{EINPROGRESS} ? (outcome => 'sent') : refused());
    }
    return (@known, $method eq 'tcp' || defined send($socket, $bytes, 0) ? (outcome => 'sent') : refused());
}

sub type_of {
    my ($method, $family, $number) = @_;
    return (SOCK_STREAM, 0) if $method eq 'tcp';
    return (SOCK_DGRAM, 0) if $method eq 'udp' or $method eq 'join';
    return (SOCK_RAW, $number) if $method eq 'raw';
    # An ordinary user has no raw socket, and may have one that can only ping.
    return ($> == 0 ? SOCK_RAW : SOCK_DGRAM, $family == 4 ? 1 : 58) if $method eq 'ping';
    die "method $method\n";
}

sub join_group {
    my ($socket, $family, $group, $scope) = @_;
    my $joined = $family == 4
        ? setsockopt($socket, 0, IP_ADD_MEMBERSHIP, pack 'a4 x4 i', $group, $scope)
        : setsockopt($socket, 41, IPV6_JOIN_GROUP, pack 'a16 i', $group, $scope);
    return $joined ? (outcome => 'sent') : refused();
}

my ($what, $user) = @ARGV;
if   ($what eq 'witness') { witness() }
else                      { sender($user) }
