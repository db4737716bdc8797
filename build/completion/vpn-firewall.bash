# bash completion for vpn-firewall(8)

_vpn_firewall() {
	local commands='enable confirm disable pause status check test print explain install uninstall open close guard refresh undo start stop restart reload flush save help version'
	local options='--policy --state --help --version'
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= index
	# readline takes --policy=FILE for three words.
	if [[ $word == '=' ]]; then
		word=
	elif [[ $before == '=' ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for ((index = 1; index < COMP_CWORD; index++)); do
		if [[ " $commands " == *" ${COMP_WORDS[index]} "* ]]; then
			command=${COMP_WORDS[index]}
			break
		fi
	done
	case $command in
	enable) options+=' --confirm --yes' ;;
	status) options+=' --json --watch --prometheus' ;;
	check | explain) options+=' --json' ;;
	test) options+=' --report --stop --carrier --json' ;;
	install) options+=' --chain --mark --pull-filter' ;;
	esac

	COMPREPLY=()
	case $before in
	--policy | --report)
		_vpn_firewall_paths -f "$word"
		return
		;;
	--state)
		_vpn_firewall_paths -d "$word"
		return
		;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
		return
	fi
	case $command in
	'' | help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word") ;;
	check | print | install | uninstall) _vpn_firewall_paths -f "$word" ;;
	esac
}

# Names of files (-f) or directories (-d).
_vpn_firewall_paths() {
	# It complains where a function is called by hand.
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

complete -F _vpn_firewall vpn-firewall
