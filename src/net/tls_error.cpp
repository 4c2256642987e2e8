#include "net/tls_error.hpp"

#include "base/text.hpp"
#include "net/error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace lastack::net {

namespace {

constexpr std::size_t most_names = 6;  // of a certificate, in a message
constexpr int alert_reasons = 1000;    // SSL_AD_REASON_OFFSET: an alert's number is added to it

struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
struct FreeBio {
    void operator()(BIO* bio) const { BIO_free(bio); }
};

std::string date_text(const ASN1_TIME* time) {
    std::tm broken{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &broken) != 1) {
        return "an unreadable date";
    }
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &broken);
    return text;
}

std::string clock_text(std::time_t now) {
    std::tm broken{};
    gmtime_r(&now, &broken);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &broken);
    return text;
}

std::string name_text(const X509_NAME* name) {
    const std::unique_ptr<BIO, FreeBio> bio{BIO_new(BIO_s_mem())};
    if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        return "an unreadable name";
    }
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return printable(std::string_view{data, static_cast<std::size_t>(size)});
}

std::string address_text(const ASN1_OCTET_STRING* ip) {
    const unsigned char* bytes = ASN1_STRING_get0_data(ip);
    const int size = ASN1_STRING_length(ip);
    std::string text;
    for (int i = 0; i < size; ++i) {
        char part[4];
        std::snprintf(part, sizeof part, size == 4 ? "%u" : "%02x", bytes[i]);
        text += size == 4 ? (i > 0 ? "." : "") : (i > 0 && i % 2 == 0 ? ":" : "");
        text += part;
    }
    return text;
}

std::string names_of(const X509* certificate) {
    const std::unique_ptr<GENERAL_NAMES, FreeNames> names{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    std::string text;
    std::size_t shown = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        std::string one;
        if (name->type == GEN_DNS) {
            one = printable(std::string_view{reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                                             static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))});
        } else if (name->type == GEN_IPADD) {
            one = address_text(name->d.iPAddress);
        } else {
            continue;
        }
        if (++shown > most_names) {
            return text + " and others";
        }
        text += (text.empty() ? "" : ", ") + one;
    }
    return text.empty() ? name_text(X509_get_subject_name(certificate)) : text;
}

Error certificate_error(const RejectedCertificate& rejected, const std::string& host, std::time_t now) {
    Error error{.code = NetErrc::certificate_rejected, .phase = Phase::securing};
    const X509* shown = rejected.certificate;
    const std::string whose = rejected.depth == 0 ? "the certificate of " + host
                                                  : "the certificate of an issuer of " + host +
                                                        (shown == nullptr ? "" : ", " + name_text(X509_get_subject_name(shown)) + ",");
    const std::string clock = " (your clock says " + clock_text(now) + ")";
    switch (rejected.verdict) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            error.cause = whose + " expired on " + (shown == nullptr ? "an unknown date" : date_text(X509_get0_notAfter(shown))) + clock;
            error.next_step = "if your clock is right, tell whoever runs the server or use another mirror; else set the clock";
            break;
        case X509_V_ERR_CERT_NOT_YET_VALID:
            error.cause =
                whose + " is not valid before " + (shown == nullptr ? "an unknown date" : date_text(X509_get0_notBefore(shown))) + clock;
            error.next_step = "set the clock";
            break;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            error.cause = "the certificate is for " + (shown != nullptr ? names_of(shown) : "another host") + ", not for " + host;
            error.next_step = "use the name that the certificate carries, or tell whoever runs the server";
            break;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            error.cause = "the certificate of " + host + " is self-signed by " +
                          (shown != nullptr ? name_text(X509_get_issuer_name(shown)) : "an unknown issuer") + ", which is not trusted here";
            error.next_step = "if you trust it, name its certificate with sslcacert";
            break;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:  // the unknown issuer's own was sent along
        case X509_V_ERR_CERT_UNTRUSTED:
            error.cause = "the certificate of " + host + " comes from an unknown issuer, " +
                          (shown != nullptr ? name_text(X509_get_issuer_name(shown)) : "which it does not name");
            error.next_step =
                "name the issuer's certificate with sslcacert, or tell whoever runs the server if it left out an intermediate";
            break;
        default:
            error.cause = "the certificate of " + host + " was not accepted: " + X509_verify_cert_error_string(rejected.verdict);
            error.next_step = "tell whoever runs the server, or use another mirror";
    }
    return error;
}

// The alert number of the error on top, 0 when it is none.
int alert_of(unsigned long code) {
    const int reason = ERR_GET_REASON(code);
    return ERR_GET_LIB(code) == ERR_LIB_SSL && reason > alert_reasons && reason < alert_reasons + 256 ? reason - alert_reasons : 0;
}

Error alert_error(int alert, AskedForCertificate asked) {
    Error error{.code = NetErrc::tls_failed, .phase = Phase::securing};
    constexpr const char* wants_certificate = "the server wants a client certificate that it accepts: check sslclientcert and sslclientkey";
    constexpr const char* wants_old_tls = "the server may speak only old TLS: at least TLS 1.2 is needed";
    error.cause = std::string{"the server refused with the TLS alert '"} + SSL_alert_desc_string_long(alert) + "'";
    switch (alert) {
        case SSL_AD_CERTIFICATE_REQUIRED:
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_ACCESS_DENIED:
            error.next_step = wants_certificate;
            break;
        case SSL_AD_HANDSHAKE_FAILURE:  // TLS 1.2 has no alert of its own for a certificate that is missing
            error.next_step = asked == AskedForCertificate::yes ? wants_certificate : wants_old_tls;
            break;
        case SSL_AD_PROTOCOL_VERSION:
            error.next_step = wants_old_tls;
            break;
        case SSL_AD_UNRECOGNIZED_NAME:
            error.next_step = "the server does not know this host name";
            break;
        default:
            break;
    }
    return error;
}

}  // namespace

RejectedCertificate::~RejectedCertificate() { X509_free(certificate); }

std::string openssl_reason() {
    const unsigned long code = ERR_peek_error();
    if (code == 0) {
        return "no reason given";
    }
    if (ERR_SYSTEM_ERROR(code)) {
        return std::strerror(ERR_GET_REASON(code));
    }
    const char* reason = ERR_reason_error_string(code);
    return reason == nullptr ? "error " + std::to_string(code) : reason;
}

Error tls_error(const RejectedCertificate& rejected, const std::string& host, std::time_t now, AskedForCertificate asked) {
    const unsigned long code = ERR_peek_error();
    const unsigned long last = ERR_peek_last_error();  // what is wrong with a signature is said by other libraries before
    Error error{.code = NetErrc::tls_failed, .phase = Phase::securing};
    if (ERR_GET_LIB(last) == ERR_LIB_SSL && ERR_GET_REASON(last) == SSL_R_CERTIFICATE_VERIFY_FAILED && rejected.verdict != X509_V_OK) {
        error = certificate_error(rejected, host, now);
    } else if (const int alert = alert_of(code); alert != 0) {
        error = alert_error(alert, asked);
    } else if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
               (ERR_GET_REASON(code) == SSL_R_UNSUPPORTED_PROTOCOL || ERR_GET_REASON(code) == SSL_R_WRONG_SSL_VERSION)) {
        error.cause = "the server speaks no TLS version that is safe: at least TLS 1.2 is needed";
        error.next_step = "tell whoever runs the server, or use another mirror";
    } else if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER) {
        error.cause = "the server does not speak TLS on this port";
        error.next_step = "check the port, or whether the URL should begin with http://";
    } else {
        error.cause = "TLS failed: " + openssl_reason();
    }
    ERR_clear_error();
    return error;
}

}  // namespace lastack::net
