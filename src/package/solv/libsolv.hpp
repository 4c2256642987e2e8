// libsolv's headers as C++ sees them; some of them lack the linkage of their own. Solvable's members are dep_* (the build defines
// LIBSOLV_SOLVABLE_PREPEND_DEP) because one of them would be the keyword `requires`.
#pragma once

extern "C" {
#include <solv/chksum.h>
#include <solv/evr.h>
#include <solv/pool.h>
#include <solv/poolarch.h>
#include <solv/problems.h>
#include <solv/queue.h>
#include <solv/repo.h>
#include <solv/repo_rpmdb.h>
#include <solv/repo_rpmmd.h>
#include <solv/repo_solv.h>
#include <solv/repo_write.h>
#include <solv/selection.h>
#include <solv/solver.h>
#include <solv/solvversion.h>
#include <solv/transaction.h>
}
