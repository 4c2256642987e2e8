// librpm's handles with their ends.
#pragma once

#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmio.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmpgp.h>
#include <rpm/rpmps.h>
#include <rpm/rpmts.h>

#include <cstdlib>
#include <memory>
#include <type_traits>

namespace lastack::transact {

template <auto End>
struct EndBy {
    template <typename T>
    void operator()(T* handle) const noexcept {
        (void)End(handle);
    }
};

using TransactionSet = std::unique_ptr<std::remove_pointer_t<rpmts>, EndBy<rpmtsFree>>;
using HeaderHandle = std::unique_ptr<std::remove_pointer_t<Header>, EndBy<headerFree>>;
using RootLock = std::unique_ptr<std::remove_pointer_t<rpmtxn>, EndBy<rpmtxnEnd>>;
using FileHandle = std::unique_ptr<std::remove_pointer_t<FD_t>, EndBy<Fclose>>;
using Keyring = std::unique_ptr<std::remove_pointer_t<rpmKeyring>, EndBy<rpmKeyringFree>>;
using PgpParameters = std::unique_ptr<std::remove_pointer_t<pgpDigParams>, EndBy<pgpDigParamsFree>>;
using Problems = std::unique_ptr<std::remove_pointer_t<rpmps>, EndBy<rpmpsFree>>;
using ProblemIterator = std::unique_ptr<std::remove_pointer_t<rpmpsi>, EndBy<rpmpsFreeIterator>>;
using MatchIterator = std::unique_ptr<std::remove_pointer_t<rpmdbMatchIterator>, EndBy<rpmdbFreeIterator>>;

// What librpm allocated with malloc.
struct FreeMemory {
    void operator()(void* memory) const noexcept { std::free(memory); }
};
template <typename T>
using Allocated = std::unique_ptr<T, FreeMemory>;

}  // namespace lastack::transact
